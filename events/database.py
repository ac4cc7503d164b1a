"""The port to a database: all that the journal's own statements do differently on SQLite and PostgreSQL.

`tests/conformance` says what each method means, on both databases and on both kinds of connection.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from initdb.errors import InitError
from initdb.events.fact import Fact
from initdb.events.head import Head
from initdb.events.parts import Part
from initdb.events.server import Server
from initdb.events.shape import Relation
from initdb.events.statements import AnyConnection, is_sqlalchemy
from initdb.events.trust import Around, Place


class Database(Protocol):
    """What the journal asks of a database. There is one object for SQLite and one for PostgreSQL.

    Both databases raise a class of `events.statements.database_errors` if a statement fails.
    """

    @property
    def name(self) -> str:
        """ "sqlite" or "postgresql"."""

    @property
    def equals(self) -> str:
        """The operator =, so that no operator of anybody else can be meant."""

    @property
    def above(self) -> str:
        """The operator >, likewise."""

    @property
    def upto(self) -> str:
        """The operator <=, likewise."""

    @property
    def below(self) -> str:
        """The operator <, likewise."""

    def prepare(self, connection: AnyConnection) -> Callable[[], None]:
        """Prepare a connection for initdb's transactions.

        From now on only `begin` begins a transaction that writes. A COMMIT is on the disk when it returns.

        Returns:
            A function that makes the connection as it was before.

        Raises:
            InitError: "in-transaction": the application has a transaction open on the connection.
        """

    def begin(self, connection: AnyConnection) -> None:
        """Begin a transaction that may write. One that is open is rolled back first.

        Raises:
            HeadBusy: On SQLite, which allows one writer: another process writes.
        """

    def commit(self, connection: AnyConnection, hurried: Callable[[], bool] = bool) -> None:
        """Send COMMIT, below SQLAlchemy's Connection.

        Args:
            connection: The connection whose transaction is committed.
            hurried: Called if readers hold up the COMMIT on SQLite. True means: do not wait for them.
        """

    def rollback(self, connection: AnyConnection) -> None:
        """Send ROLLBACK, below SQLAlchemy's Connection."""

    def in_transaction(self, connection: AnyConnection) -> bool:
        """Whether the driver says that a transaction is open."""

    def lock_head(
        self,
        connection: AnyConnection,
        schema: str | None,
        lock_timeout: float | None,
        stamp: str | None = None,
    ) -> Head:
        """Lock the head until the transaction ends, and read it.

        Args:
            connection: The connection whose transaction is open.
            schema: The schema of the journal; None for the session's own.
            lock_timeout: How many seconds the statements that follow may wait for a lock; None for no limit.
            stamp: What `lock_to_read` returned when the journal was judged; None if it was not.

        Raises:
            HeadBusy: Another transaction has locked it.
            HeadMoved: The journal's tables or triggers have changed since then.
            InitError: "journal-unreadable": the head has no row.
        """

    def lift_limits(self, connection: AnyConnection) -> None:
        """Lift the server's time limits for the open transaction."""

    def lock_first(self, connection: AnyConnection, key: int) -> None:
        """Lock the creation of the journal: there is no head yet that could be locked.

        Args:
            connection: The connection whose transaction is open.
            key: The key of the lock; see `Journal.key`.

        Raises:
            HeadBusy: Another transaction has the lock.
        """

    def before_append(self, connection: AnyConnection) -> None:
        """Undo what a step may have set in the session that would hinder the append.

        Raises:
            InitError: "transaction-ended": the open transaction is not the one that locked the head.
        """

    def pinned(self, connection: AnyConnection) -> AbstractContextManager[tuple[str, ...]]:
        """For the length of a block, look names up in the server's own schema alone.

        The block gets the schemas of the session's own path. The first is where a table would be made.
        """

    def shadows(self, connection: AnyConnection) -> tuple[str, ...]:
        """Operators and functions of other roles that statements of SQLAlchemy would use, as sentences."""

    def shielded(self, connection: AnyConnection) -> AbstractContextManager[str | None]:
        """For the length of a block, keep such operators and functions out of the session's statements.

        The block gets the schema that tables without one have to be named with; None if they need none.
        """

    def around(self, connection: AnyConnection, trusted: Collection[str], tables: Collection[str]) -> Around:
        """What has a journal's names, by the catalogue alone.

        Args:
            connection: In a transaction that may read.
            trusted: The roles that the settings name as owners.
            tables: The tables of the application.
        """

    def places(
        self, connection: AnyConnection, names: Collection[str], trusted: Collection[str]
    ) -> dict[str, Place]:
        """What is to be known of some schemas before a journal is created in one of them.

        Args:
            connection: In a transaction that may read.
            names: The schemas.
            trusted: The roles that the settings name as owners.
        """

    def lock_to_read(self, connection: AnyConnection, schema: str | None) -> str | None:
        """Lock a journal's tables against changes of their definition, until the transaction ends.

        Returns:
            What changes with their definition, for `lock_head`; None if nobody else can change it.
        """

    def facts(self, connection: AnyConnection, schema: str | None) -> tuple[Fact, ...]:
        """What is true of a journal's tables and triggers, by the catalogue alone."""

    def strangers(
        self, connection: AnyConnection, owners: Collection[str], trusted: Collection[str]
    ) -> Collection[str]:
        """The roles among some that are not trusted.

        Args:
            connection: In a transaction that may read.
            owners: The roles.
            trusted: The roles that the settings name as owners.
        """

    def expected(self, schema: str | None, version: int) -> tuple[Fact, ...]:
        """What `facts` gives for a journal that nobody has changed.

        Args:
            schema: Its schema.
            version: The version in its head.
        """

    def revoke(self, connection: AnyConnection, schema: str | None) -> None:
        """Take the rights on a new journal from everybody but its owner."""

    def at(self, schema: str | None) -> str:
        """What stands in SQL before the names of a journal's tables: the quoted schema and a dot."""

    def renamed(self, sql: str, schema: str | None) -> str:
        """SQL with the names that a journal's own things have, if its schema has no place before them."""

    def default_schema(self, connection: AnyConnection) -> str | None:
        """The schema in which a new table would be made; None if there is none."""

    def relations(self, connection: AnyConnection, schema: str | None) -> dict[str, Relation]:
        """What has the journal's names in a schema: of each name the kind and the columns."""

    def create(self, connection: AnyConnection, schema: str | None) -> bool:
        """Create an empty journal in the open transaction, and its schema if that is missing.

        Returns:
            Whether the schema was missing.
        """

    def parts(self, connection: AnyConnection, schema: str | None) -> tuple[Part, ...]:
        """What a journal has made in a schema and is still there, in the order in which it can be dropped.

        Indexes and triggers are left out: they go with their table.
        """

    def dependents(self, connection: AnyConnection, schema: str | None) -> tuple[Part, ...]:
        """What other people's objects need the journal, in the order in which they can be dropped.

        The database would refuse to drop the journal because of them, or they would fail without it.
        """

    def ddl(self, at: str) -> Collection[str]:
        """The statements that create a journal, in order.

        Args:
            at: The quoted schema with its dot, as `naming.prefix` gives it.
        """

    def server(self, connection: AnyConnection) -> Server:
        """The clock of the database, why nothing can be written, and what puts commits at risk."""


def database_of(connection: AnyConnection) -> Database:
    """The port to a connection's database.

    Raises:
        InitError: "unsupported-database": it is neither SQLite nor PostgreSQL.

    Example:
        >>> import sqlite3
        >>> database_of(sqlite3.connect(":memory:")).name
        'sqlite'
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
"""The database of each driver, by the package that its connections are of."""


def _name(connection: AnyConnection) -> str:
    if is_sqlalchemy(connection):
        return connection.dialect.name
    package = type(connection).__module__.partition(".")[0]
    return _DRIVERS.get(package, package)
