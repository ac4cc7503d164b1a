"""The port to SQLite: its transactions, and the tables and triggers of the journal."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from pathlib import Path

from initdb.errors import InitError
from initdb.errors.predicates import is_busy
from initdb.events import naming, sqlite_ddl
from initdb.events.fact import Fact
from initdb.events.head import NAMES, Head, HeadBusy
from initdb.events.parts import Part, that_name_a_journal
from initdb.events.server import Server
from initdb.events.shape import JOURNAL, OF_THE_JOURNAL, Relation
from initdb.events.statements import AnyConnection, DriverConnection, Row, driver, is_sqlalchemy, run
from initdb.events.trust import Around, Named, Place
from initdb.events.views import VIEWS, is_taken

COMMIT_PATIENCE = 30.0
"""How many seconds a COMMIT is retried that readers hold up."""

LOOK_PATIENCE = 1000
"""The longest time, in ms, that a statement waits for a file that somebody has locked."""

_monotonic, _sleep = time.monotonic, time.sleep

MAIN = "main"
"""The schema of a file."""

EXTRA = 3
"""The value of PRAGMA synchronous under which a COMMIT is on the disk when it returns.

With a rollback journal a COMMIT is the removal of a file. FULL, the default, does not sync the folder after
it. With a WAL both are the same.
Source: https://www.sqlite.org/pragma.html#pragma_synchronous
"""


class SQLite:
    """`initdb.events.database.Database` says what each method means; here is what is special to SQLite."""

    name = "sqlite"
    equals, above, upto, below = "=", ">", "<=", "<"

    def prepare(self, connection: AnyConnection) -> Callable[[], None]:
        """An open transaction is refused: the driver commits it when its way with transactions is changed."""
        dbapi = driver(connection)
        level, mode = dbapi.isolation_level, getattr(dbapi, "autocommit", None)
        if dbapi.in_transaction and mode is not False:
            raise InitError("in-transaction", database=self.name)
        if mode in (True, False):
            dbapi.autocommit = sqlite3.LEGACY_TRANSACTION_CONTROL  # type: ignore[attr-defined,unused-ignore]
            # With autocommit=False a transaction is always open; on a new connection it is empty.
            dbapi.rollback()
        dbapi.isolation_level = None
        patience = _pragma(dbapi, "busy_timeout")
        _execute(dbapi, f"PRAGMA busy_timeout = {min(patience, LOOK_PATIENCE)}")
        safety = self.synchronous(connection)
        _raise_synchronous(dbapi)

        def restore() -> None:
            with contextlib.suppress(sqlite3.Error):
                _execute(dbapi, f"PRAGMA busy_timeout = {patience}")
                _execute(dbapi, f"PRAGMA synchronous = {safety}")
            dbapi.isolation_level = level
            if mode in (True, False):
                dbapi.autocommit = mode

        return restore

    def begin(self, connection: AnyConnection) -> None:
        """BEGIN IMMEDIATE takes the write lock at once: reads and writes are one transaction."""
        dbapi = driver(connection)
        if self.in_transaction(connection):
            self.rollback(connection)
        _raise_synchronous(dbapi)
        patience = _pragma(dbapi, "busy_timeout")
        _execute(dbapi, "PRAGMA busy_timeout = 0")
        try:
            _execute(dbapi, "BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if is_busy(error):
                raise HeadBusy from error
            raise
        finally:
            _execute(dbapi, f"PRAGMA busy_timeout = {patience}")

    def synchronous(self, connection: AnyConnection) -> int:
        """The connection's PRAGMA synchronous: how far a COMMIT waits for the disk."""
        return _pragma(driver(connection), "synchronous")

    def commit(self, connection: AnyConnection, hurried: Callable[[], bool] = bool) -> None:
        """Readers can hold up a COMMIT. It is retried, since SQLAlchemy would discard the work after one
        failure."""
        give_up = _monotonic() + COMMIT_PATIENCE
        while True:
            try:
                _end(connection, "do_commit")
                return
            except sqlite3.OperationalError as error:
                if not is_busy(error) or hurried() or _monotonic() > give_up:
                    raise
                _sleep(0.01)

    def rollback(self, connection: AnyConnection) -> None:
        """By the driver."""
        _end(connection, "do_rollback")

    def in_transaction(self, connection: AnyConnection) -> bool:
        """aiosqlite has a connection of sqlite3 below its own."""
        dbapi = driver(connection)
        return bool(getattr(dbapi, "driver_connection", dbapi).in_transaction)

    def lock_head(
        self,
        connection: AnyConnection,
        schema: str | None,
        lock_timeout: float | None,
        stamp: str | None = None,
    ) -> Head:
        """BEGIN IMMEDIATE has locked the whole file, so it only has to be read."""
        table = self.renamed(f"{self.at(schema)}init_journal_head", schema)
        rows = run(connection, f"SELECT seq, hash, schema_version, min_writer FROM {table} WHERE id = 1")
        if not rows:
            raise InitError("journal-unreadable", "init_journal_head has no row", database=self.name)
        seq, digest, version, writer = rows[0]
        return Head(seq, digest, version, writer, time.time())

    def lift_limits(self, connection: AnyConnection) -> None:
        """SQLite has none."""

    def lock_first(self, connection: AnyConnection, key: int) -> None:
        """BEGIN IMMEDIATE has locked the whole file."""

    def before_append(self, connection: AnyConnection) -> None:
        """SQLite may have rolled the whole transaction back because of an error."""
        if not self.in_transaction(connection):
            raise InitError("transaction-ended", database=self.name)

    def pinned(self, connection: AnyConnection) -> AbstractContextManager[tuple[str, ...]]:
        """SQLite has no path."""
        return contextlib.nullcontext((MAIN,))

    def shadows(self, connection: AnyConnection) -> tuple[str, ...]:
        """A file has no roles."""
        return ()

    def shielded(self, connection: AnyConnection) -> AbstractContextManager[str | None]:
        """A file has no roles."""
        return contextlib.nullcontext(None)

    def around(self, connection: AnyConnection, trusted: Collection[str], tables: Collection[str]) -> Around:
        """A file has one schema, main, and no roles. The journal of another application in it has a name."""
        rows = run(
            connection,
            "SELECT type, name FROM main.sqlite_schema"
            " WHERE type IN ('table', 'view') AND name GLOB 'init_journal*' ORDER BY name",
        )
        named = ((kind, *naming.parted(name)) for kind, name in rows)
        return Around(MAIN, tuple(Named(name or MAIN, kind, own) for kind, own, name in named))

    def places(
        self, connection: AnyConnection, names: Collection[str], trusted: Collection[str]
    ) -> dict[str, Place]:
        """Every journal of a file is in main."""
        return {}

    def lock_to_read(self, connection: AnyConnection, schema: str | None) -> None:
        """A transaction that reads sees one state of the file."""

    def facts(self, connection: AnyConnection, schema: str | None) -> tuple[Fact, ...]:
        """From sqlite_schema."""
        own = {self.renamed(name, schema) for name in NAMES}
        rows = run(
            connection, "SELECT type, tbl_name, name, sql FROM main.sqlite_schema WHERE sql IS NOT NULL"
        )
        return tuple(sqlite_ddl.fact(*row) for row in rows if row[1] in own)

    def strangers(
        self, connection: AnyConnection, owners: Collection[str], trusted: Collection[str]
    ) -> Collection[str]:
        """A file has no roles."""
        return ()

    def expected(self, schema: str | None, version: int) -> tuple[Fact, ...]:
        """Those of the statements in `ddl`."""
        return sqlite_ddl.expected(version)

    def revoke(self, connection: AnyConnection, schema: str | None) -> None:
        """A file has no roles."""

    def at(self, schema: str | None) -> str:
        """Every journal of a file is in main."""
        return naming.prefix(MAIN) if schema else ""

    def renamed(self, sql: str, schema: str | None) -> str:
        """The journal of main has no name."""
        return naming.renamed(sql, None if schema == MAIN else schema)

    def default_schema(self, connection: AnyConnection) -> str | None:
        """Always main."""
        return MAIN

    def relations(self, connection: AnyConnection, schema: str | None) -> dict[str, Relation]:
        """Read from sqlite_schema."""
        names = ", ".join(f"'{name}'" for name in OF_THE_JOURNAL)
        query = (
            "SELECT s.name, s.type, p.name FROM main.sqlite_schema s LEFT JOIN pragma_table_info(s.name) p"
            f" WHERE s.name IN ({names})"
        )
        rows = run(connection, self.renamed(query, schema))
        return {
            naming.parted(name)[0]: Relation(
                kind, frozenset(column for other, _, column in rows if other == name and column)
            )
            for name, kind, _ in rows
        }

    def create(self, connection: AnyConnection, schema: str | None) -> bool:
        """By the statements of `ddl`."""
        there = {row[0] for row in run(connection, "SELECT name FROM main.sqlite_schema")}
        taken = {name for name in VIEWS if self.renamed(name, schema) in there}
        for statement in self.ddl(self.at(schema)):
            if is_taken(statement, taken):
                continue
            run(connection, naming.literal(self.renamed(statement, schema)))
        return False

    def parts(self, connection: AnyConnection, schema: str | None) -> tuple[Part, ...]:
        """Views, then tables. The tables' indexes and triggers go with them."""
        rows = run(connection, "SELECT name FROM main.sqlite_schema WHERE type = 'table' ORDER BY name")
        own = {self.renamed(name, schema) for name in NAMES}
        tables = [Part("table", name, f"DROP TABLE main.{name}") for (name,) in rows if name in own]
        return (
            *(Part("view", one, f"DROP VIEW main.{one}") for one in self._views(connection, schema)),
            *tables,
        )

    def _views(self, connection: AnyConnection, schema: str | None) -> list[str]:
        """The names of the journal's own views: those that have such a name, and read the journal."""
        names = ", ".join(f"'{self.renamed(name, schema)}'" for name in VIEWS)
        query = f"SELECT type, name, sql FROM main.sqlite_schema WHERE type = 'view' AND name IN ({names})"
        rows = [tuple(row) for row in run(connection, query)]
        return sorted(name for _, name in that_name_a_journal(rows, [self.renamed(JOURNAL, schema)]))

    def dependents(self, connection: AnyConnection, schema: str | None) -> tuple[Part, ...]:
        """SQLite would drop the journal all the same. It does not record what a definition needs."""
        own = [*(self.renamed(name, schema) for name in NAMES), *self._views(connection, schema)]
        names = ", ".join(f"'{name}'" for name in own)
        rows = run(
            connection,
            "SELECT type, name, coalesce(sql, '') FROM main.sqlite_schema"
            f" WHERE type IN ('table', 'view', 'trigger') AND tbl_name NOT IN ({names}) ORDER BY name",
        )
        return tuple(
            Part(kind, (quoted := '"' + name.replace('"', '""') + '"'), _drop(kind, quoted))
            for kind, name in that_name_a_journal([tuple(row) for row in rows], own)
        )

    def ddl(self, at: str) -> list[str]:
        """The journal, its head, the triggers, the indexes and the version table."""
        return sqlite_ddl.ddl(at)

    def server(self, connection: AnyConnection) -> Server:
        """The host's clock. SQLite writes to the file and, because of its own journal, to the folder."""
        file = run(connection, "SELECT file FROM pragma_database_list WHERE name = 'main'")[0][0]
        places = (Path(file), Path(file).parent) if file else ()
        closed = next((place for place in places if not os.access(place, os.W_OK)), None)
        return Server(time.time(), f"This process may not write to {closed}." if closed else "")


SQLITE = SQLite()


def _end(connection: AnyConnection, how: str) -> None:
    """Send COMMIT or ROLLBACK by the driver. SQLAlchemy's own transaction stays open to the end."""
    dbapi = driver(connection)
    if is_sqlalchemy(connection):
        getattr(connection.dialect, how)(dbapi)
    elif how == "do_commit":
        dbapi.commit()
    else:
        dbapi.rollback()


def _raise_synchronous(dbapi: DriverConnection) -> None:
    """Only outside a transaction: inside one SQLite ignores it."""
    if _pragma(dbapi, "synchronous") < EXTRA:
        _execute(dbapi, f"PRAGMA synchronous = {EXTRA}")


def _drop(kind: str, name: str) -> str:
    """The statement that removes an object; none for a table, which has rows."""
    return "" if kind == "table" else f"DROP {kind.upper()} {name};"


def _pragma(dbapi: DriverConnection, name: str) -> int:
    row = _execute(dbapi, f"PRAGMA {name}")
    return int(row[0]) if row else 0


def _execute(dbapi: DriverConnection, statement: str) -> Row | None:
    cursor = dbapi.cursor()
    try:
        cursor.execute(statement)
        return cursor.fetchone()
    finally:
        cursor.close()
