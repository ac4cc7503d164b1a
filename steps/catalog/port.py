"""The port to a database's catalogue: the questions that SQLite and PostgreSQL answer differently.

`tests/validate/test_catalogue_port.py` says what each method means, and runs on both databases.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import Column, Connection, Dialect, Table

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
    """What is defined in a database. The statements are plain: a bare driver connection can run them too.

    No method begins, ends or aborts a transaction of the driver.
    """

    def fingerprint(
        self,
        *,
        ignore: Collection[str] = (),
        version_table: str = VERSION_TABLE,
        version_schema: str | None = None,
    ) -> str:
        """The hash of everything that is defined in the database, and of the rows of its version table.

        It hashes content, not counters: two databases that define the same have the same hash, and rows,
        statistics, VACUUM, REINDEX or the next value of a sequence do not change it. The journal's own
        objects, temporary tables, partitions and members of extensions do not count. An empty database has a
        hash too, with or without a version table.

        On PostgreSQL this is one round trip. The search_path, time zone and formats of the session have no
        effect, and are the same afterwards. On SQLite it is one query, and a second one if there is a version
        table.

        Args:
            ignore: What is left out, as `name` or `schema.name` of an object or of its table. `*` stands for
                any characters, `?` for one.
            version_table: The name of Alembic's version table.
            version_schema: Its schema; None if the connection finds it without one.

        Returns:
            64 hexadecimal digits.

        Raises:
            sqlalchemy.exc.OperationalError: SQLSTATE 55P03, if another session of PostgreSQL keeps a table in
                ACCESS EXCLUSIVE mode.
        """

    def tables(self) -> frozenset[Key]:
        """Every table, without those of the journal or of extensions, temporary tables and partitions.

        Returns:
            Pairs of schema and name. The schema is None for the connection's default schema, as in a model
            that names none. A table of another schema that the search path finds has both pairs. On SQLite
            these are the tables of the main database.
        """

    def version_rows(
        self, version_table: str = VERSION_TABLE, version_schema: str | None = None
    ) -> tuple[str, ...] | None:
        """The revisions in the version table, sorted; None if there is no such table.

        Args:
            version_table: Its name.
            version_schema: Its schema. On SQLite this is the name of an attached database.
        """

    def version_tables(self) -> tuple[str, ...]:
        """The names of the tables that look like a version table of Alembic, sorted.

        They have one column, `version_num`. The journal's own version table is not among them. On PostgreSQL,
        every schema that the role may use counts.
        """

    def leftovers(self) -> tuple[Leftover, ...]:
        """What interrupted work has left: tables `_alembic_tmp_…`, and INVALID indexes of PostgreSQL.

        An index that another session is building with CONCURRENTLY looks INVALID too.
        """

    def lock_holders(
        self, names: Collection[str] | None = None, *, readers: bool = True
    ) -> tuple[LockHolder, ...]:
        """The other processes with locks on tables, the oldest transaction first. Waits for no lock.

        Args:
            names: The tables that count, without their schemas; None for all. SQLite locks the whole file.
            readers: Whether locks count that only keep a table from being altered.

        Returns:
            One holder for each process. It is empty if the system does not say: for SQLite only Linux does.
        """

    def processes(self, pids: Collection[int]) -> tuple[LockHolder, ...]:
        """Those of the processes that live: the server's for PostgreSQL, the operating system's for SQLite.

        Args:
            pids: The ids of processes.
        """

    def prepared(self) -> tuple[LockHolder, ...]:
        """The prepared transactions that hold an advisory lock in this database. SQLite has none."""


class Catalogue(Content, Protocol):
    """Everything about a database's catalogue that differs between SQLite and PostgreSQL."""

    @property
    def dialect(self) -> Dialect:
        """SQLAlchemy's dialect of the connection."""

    @property
    def adds_constraints(self) -> bool:
        """Whether ALTER TABLE can add a constraint. If not, a constraint can only come with its column."""

    def fold(self, name: str) -> str:
        """The name as the database compares names."""

    def reflect(self, schemas: Collection[str | None]) -> Mapping[Key, FoundTable]:
        """Every table and view of some schemas, without temporary ones.

        Args:
            schemas: None is the default schema.

        Returns:
            The tables by schema and name. The columns of a view may be left out.
        """

    def type_difference(self, wanted: str, found: str) -> Severity | None:
        """How severe it is that a column has another type than the model says.

        Families of types are compared, not types: a false alarm costs more than a missed difference.

        Args:
            wanted: The model's type as DDL; empty if it is not known.
            found: The database's type.

        Returns:
            "error" if the database refuses or alters ordinary values; "warning" if it does so with some
            values; None if it takes all.
        """

    def in_the_way(self, keys: Collection[Key]) -> tuple[str, ...]:
        """One sentence for each table whose name is taken by another kind of object.

        Args:
            keys: The tables to be created.
        """

    def integrity_issues(self) -> tuple[Issue, ...] | None:
        """What is damaged in the database's storage; None if the database has no check for that."""

    def constraint_issues(
        self,
        ignore: Collection[str],
        indexes: Iterable[tuple[str, str]],
        missing: Iterable[Reference],
    ) -> tuple[Issue, ...]:
        """Rows that break a constraint, for the constraints that the database does not guarantee.

        Args:
            ignore: As for `fingerprint`.
            indexes: Table and name of each index that the models define. They are read only if an index can
                be INVALID.
            missing: The foreign keys of the models that the database lacks. They are read only if rows can be
                compared with them.
        """

    def with_rows(self, tables: Collection[Table]) -> frozenset[str]:
        """The keys of those tables that have rows. A table that cannot be read counts as one that has.

        On PostgreSQL a table counts as unreadable if the role may not read it, or if another session keeps
        its lock for a second.

        Args:
            tables: Tables of a model that exist.
        """

    def fills(self, column: Column[object], default: str | None) -> bool:
        """Whether the database can add a column to a table with rows, so that each row has a value or NULL.

        Args:
            column: A column of a model, no part of a primary key.
            default: Its server default as DDL; None if it has none.
        """

    def by_hand(self, table: str, column: str, kind: str) -> str:
        """How a person adds a column whose values nobody else knows.

        Args:
            table: Its table, as DDL.
            column: Its name, as DDL.
            kind: Its type, as DDL.
        """

    def refuse_strange(self, tables: Collection[Table]) -> None:
        """Refuse tables that would run code of other roles when they are read or written.

        Args:
            tables: The tables.

        Raises:
            InitError: `table-of-a-stranger`.
        """

    def limit_waiting(self, seconds: float) -> None:
        """Limit how long a statement waits for a lock on a table, until the transaction ends.

        Args:
            seconds: The limit.
        """


_CATALOGUES: Mapping[str, Callable[[Connection], Catalogue]] = {
    "sqlite": SqliteCatalogue,
    "postgresql": PostgresqlCatalogue,
}


def catalogue_of(connection: Connection) -> Catalogue:
    """The catalogue of the database that a connection leads to.

    Raises:
        InitError: `unsupported-database`, if it is neither SQLite nor PostgreSQL.
    """
    try:
        return _CATALOGUES[connection.dialect.name](connection)
    except KeyError:
        raise InitError("unsupported-database", connection.dialect.name) from None
