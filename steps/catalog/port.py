"""The port to a database's catalogue: what steps ask, and SQLite and PostgreSQL answer differently.

`tests/validate/test_catalogue_port.py` says what each method means; both databases answer to it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import Column, Connection, Dialect

from initdb.errors import InitError
from initdb.steps.catalog.names import VERSION_TABLE
from initdb.steps.catalog.postgresql.catalogue import PostgresqlCatalogue
from initdb.steps.catalog.sqlite.catalogue import SqliteCatalogue

if TYPE_CHECKING:
    from initdb.steps.catalog.found import FoundTable, Key
    from initdb.steps.catalog.issue import Issue, Severity
    from initdb.steps.catalog.leftover import Leftover
    from initdb.steps.catalog.lock_holder import LockHolder
    from initdb.steps.catalog.reference import Reference


class Content(Protocol):
    """What is defined in a database, by plain statements, which a bare driver connection can run too.

    No method begins, ends or aborts a transaction of the driver's.
    """

    def fingerprint(
        self,
        *,
        ignore: Collection[str] = (),
        version_table: str = VERSION_TABLE,
        version_schema: str | None = None,
    ) -> str:
        """The hash of everything that is defined in the database, and of the rows of its version table.

        It is a hash of content, not of counters: two databases that define the same have the same hash, and
        rows, statistics, VACUUM, REINDEX or the next value of a sequence do not change it. The journal's own
        objects, temporary tables, partitions and members of extensions do not count. An empty database has a
        hash too, with or without a version table.

        On PostgreSQL this is one round trip. The search_path, time zone and formats of the session do not
        matter, and are afterwards what they were. On SQLite it is one query, and a second one where there is
        a version table.

        Args:
            ignore: What is left out, as `name` or `schema.name` of an object or of its table. `*` stands for
                any characters, `?` for one.
            version_table: The name of Alembic's version table.
            version_schema: Its schema; None where the connection finds it without one.

        Returns:
            64 hexadecimal digits.

        Raises:
            sqlalchemy.exc.OperationalError: SQLSTATE 55P03, where another session of PostgreSQL keeps a
                table in ACCESS EXCLUSIVE mode.
        """

    def tables(self) -> frozenset[Key]:
        """Every table, without those of the journal or of extensions, temporary tables and partitions.

        Returns:
            Pairs of schema and name. The schema is None where it is the connection's default one, as in a
            model that names none. A table of another schema that the search path finds has both pairs. On
            SQLite the tables of the main database.
        """

    def version_rows(
        self, version_table: str = VERSION_TABLE, version_schema: str | None = None
    ) -> tuple[str, ...] | None:
        """The revisions in the version table, sorted; None where there is no such table.

        On SQLite a schema is the name of an attached database.
        """

    def version_tables(self) -> tuple[str, ...]:
        """The names of the tables that look like a version table of Alembic's, sorted.

        They have one column, `version_num`. The journal's own version table is not among them. On PostgreSQL
        every schema counts that the role may use.
        """

    def leftovers(self) -> tuple[Leftover, ...]:
        """What interrupted work of others left: tables `_alembic_tmp_…` and PostgreSQL's INVALID indexes.

        An index that another session is building with CONCURRENTLY looks INVALID too.
        """

    def lock_holders(
        self, names: Collection[str] | None = None, *, readers: bool = True
    ) -> tuple[LockHolder, ...]:
        """Who else holds locks on tables of the database, the oldest transaction first. Waits for no lock.

        Args:
            names: Of the tables that count, without a schema; None for all. SQLite locks the whole file.
            readers: Whether locks count that only keep a table from being altered.

        Returns:
            One holder for each process. Nothing where the system does not tell: SQLite's are known on Linux.
        """

    def processes(self, pids: Collection[int]) -> tuple[LockHolder, ...]:
        """Those of the processes that live: the server's for PostgreSQL, the system's for SQLite."""


class Catalogue(Content, Protocol):
    """Everything about a database's catalogue that differs between SQLite and PostgreSQL."""

    @property
    def dialect(self) -> Dialect:
        """SQLAlchemy's dialect of the connection."""

    @property
    def adds_constraints(self) -> bool:
        """Whether ALTER TABLE can add a constraint. Where it cannot, a constraint comes with its column."""

    def fold(self, name: str) -> str:
        """The name as the database compares names."""

    def reflect(self, schemas: Collection[str | None]) -> Mapping[Key, FoundTable]:
        """Every table and view of the schemas, without temporary ones; None is the default schema.

        Of a view the columns may be left out.
        """

    def type_difference(self, wanted: str, found: str) -> Severity | None:
        """How grave it is that a column has the type `found` where the model says `wanted`.

        Args:
            wanted: A type as DDL, empty where it is not known.
            found: The same of the database.

        Returns:
            "error" where the database refuses or alters ordinary values, "warning" where it does so with
            some values, None where it takes all. Families of types are compared, not types: a wrong alarm
            costs more than a missed one.
        """

    def in_the_way(self, keys: Collection[Key]) -> tuple[str, ...]:
        """One sentence for each table whose name another kind of object has."""

    def integrity_issues(self) -> tuple[Issue, ...] | None:
        """What is damaged in the database's storage; None where the database has no check for that."""

    def constraint_issues(
        self,
        ignore: Collection[str],
        indexes: Iterable[tuple[str, str]],
        missing: Iterable[Reference],
    ) -> tuple[Issue, ...]:
        """Rows that break a constraint, as far as the database does not vouch for its constraints.

        Args:
            ignore: As for `fingerprint`.
            indexes: Table and name of each index that the models define. Consumed only where an index can be
                INVALID.
            missing: The foreign keys of the models that the database lacks. Consumed only where rows can be
                compared with them.
        """

    def fills(self, column: Column[object], default: str | None) -> bool:
        """Whether the database can add the column to a table with rows: each row then has a value or NULL.

        Args:
            column: A column of a model, no part of a primary key.
            default: Its server default as DDL, None where it has none.
        """

    def by_hand(self, table: str, column: str, kind: str) -> str:
        """How a person adds a column whose value nobody else knows; the three names as DDL."""

    def limit_waiting(self, seconds: float) -> None:
        """Limit, until the transaction ends, how long a statement waits for a lock on a table."""


_CATALOGUES: Mapping[str, Callable[[Connection], Catalogue]] = {
    "sqlite": SqliteCatalogue,
    "postgresql": PostgresqlCatalogue,
}


def catalogue_of(connection: Connection) -> Catalogue:
    """The catalogue of the database that `connection` leads to.

    Raises:
        InitError: `unsupported-database`, where it is neither SQLite nor PostgreSQL.
    """
    try:
        return _CATALOGUES[connection.dialect.name](connection)
    except KeyError:
        raise InitError("unsupported-database", connection.dialect.name) from None
