"""The port to a database: all in which SQLite and PostgreSQL differ for the journal's own statements.

`tests/conformance` says what each method means, on both databases and on both kinds of connection.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from initdb.errors import InitError
from initdb.events.head import Head
from initdb.events.shape import Relation
from initdb.events.statements import AnyConnection, is_sqlalchemy


class Database(Protocol):
    """What the journal asks of a database. One object for each kind; it keeps nothing between two calls."""

    @property
    def name(self) -> str:
        """ "sqlite" or "postgresql"."""

    @property
    def guards(self) -> frozenset[str]:
        """The names of the triggers that guard a journal."""

    def prepare(self, connection: AnyConnection) -> Callable[[], None]:
        """Make a connection ours: no transaction but those of `begin`, commits that reach the disk.

        Returns:
            What undoes it, for a connection that lives on.

        Raises:
            InitError: "in-transaction" where the application has a transaction open on it.
        """

    def begin(self, connection: AnyConnection) -> None:
        """Begin a transaction that may write; what was open before is rolled back.

        Raises:
            HeadBusy: another process writes, and the database has one writer.
        """

    def commit(self, connection: AnyConnection, hurried: Callable[[], bool] = bool) -> None:
        """COMMIT below SQLAlchemy's facade.

        Args:
            hurried: says whether to give up at once where readers hold the commit up.
        """

    def rollback(self, connection: AnyConnection) -> None:
        """ROLLBACK below SQLAlchemy's facade."""

    def in_transaction(self, connection: AnyConnection) -> bool:
        """Whether the driver has a transaction open."""

    def lock_head(self, connection: AnyConnection, schema: str | None, lock_timeout: float | None) -> Head:
        """Lock the head for the open transaction and read it.

        Args:
            lock_timeout: how long the statements after it may wait for a lock, in s; None for ever.

        Raises:
            HeadBusy: another transaction holds it.
            InitError: "journal-unreadable" where it has no row.
        """

    def lift_limits(self, connection: AnyConnection) -> None:
        """Let the open transaction last for as long as it takes, whatever limits of time the server has."""

    def lock_first(self, connection: AnyConnection, key: int) -> None:
        """Take the lock that stands for the head while there is none.

        Raises:
            HeadBusy: another transaction has it.
        """

    def before_append(self, connection: AnyConnection) -> None:
        """Undo what a step may have done to the session that would hinder the append.

        Raises:
            InitError: "transaction-ended" where the transaction is not the one that locked the head.
        """

    def schemas(self, connection: AnyConnection) -> dict[str, bool]:
        """Schema that holds a head → whether it holds the journal too; the session's own schema first."""

    def default_schema(self, connection: AnyConnection) -> str | None:
        """The schema in which a new table would be made; None where there is none."""

    def standing_guards(self, connection: AnyConnection, schema: str | None) -> frozenset[str]:
        """Those of `guards` that stand on the journal in `schema`."""

    def relations(self, connection: AnyConnection, schema: str | None) -> dict[str, Relation]:
        """What has one of the journal's names in `schema`: name → its kind and columns."""

    def create(self, connection: AnyConnection, schema: str | None) -> None:
        """Make an empty journal inside the open transaction, and its schema where that is missing."""

    def ddl(self, at: str) -> Collection[str]:
        """The statements that make a journal, in order; `at` is the quoted schema with its dot."""

    def clock(self, connection: AnyConnection) -> float:
        """The database's time, in s since 1970."""

    def is_read_only(self, connection: AnyConnection) -> bool:
        """Whether nothing can be written: a standby, a read-only role, a file without permission."""


def database_of(connection: AnyConnection) -> Database:
    """The port for a connection's database.

    Raises:
        InitError: "unsupported-database".
    """
    name = _name(connection)
    if name == "sqlite":
        from initdb.events.sqlite import SQLITE

        return SQLITE
    if name == "postgresql":
        from initdb.events.postgresql import POSTGRESQL

        return POSTGRESQL
    raise InitError("unsupported-database", name)


_DRIVERS: Mapping[str, str] = {"sqlite3": "sqlite", "psycopg2": "postgresql", "psycopg": "postgresql"}
"""The package of a driver's connection → its database."""


def _name(connection: AnyConnection) -> str:
    if is_sqlalchemy(connection):
        return connection.dialect.name
    package = type(connection).__module__.partition(".")[0]
    return _DRIVERS.get(package, package)
