"""The port to SQLite: its transactions, and the tables and triggers of the journal."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from initdb.errors import InitError
from initdb.errors.predicates import is_busy
from initdb.events import naming
from initdb.events.chain import GENESIS
from initdb.events.head import MIN_WRITER, NAMES, SCHEMA_VERSION, Head, HeadBusy
from initdb.events.parts import Part, that_name_a_journal
from initdb.events.server import Server
from initdb.events.shape import JOURNAL, OF_THE_JOURNAL, Relation
from initdb.events.statements import AnyConnection, DriverConnection, Row, driver, is_sqlalchemy, run
from initdb.events.views import VIEWS

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

GUARDS = frozenset(
    {
        "init_journal_append",
        "init_journal_follow",
        "init_journal_no_update",
        "init_journal_no_delete",
        "init_journal_head_move",
        "init_journal_head_no_delete",
        "init_journal_head_no_insert",
    }
)


class SQLite:
    """`initdb.events.database.Database` says what each method means; here is what is special to SQLite."""

    name = "sqlite"
    guards = GUARDS

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

    def lock_head(self, connection: AnyConnection, schema: str | None, lock_timeout: float | None) -> Head:
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

    def schemas(self, connection: AnyConnection) -> dict[str, bool]:
        """A file has one schema, main. The journal of another application in it has a name."""
        rows = run(
            connection,
            "SELECT name FROM main.sqlite_schema"
            " WHERE type = 'table' AND name GLOB 'init_journal*' ORDER BY name",
        )
        found = {naming.parted(row[0]) for row in rows}
        heads = sorted(name for own, name in found if own == "init_journal_head")
        return {name or MAIN: ("init_journal", name) in found for name in heads}

    def at(self, schema: str | None) -> str:
        """Every journal of a file is in main."""
        return naming.prefix(MAIN) if schema else ""

    def renamed(self, sql: str, schema: str | None) -> str:
        """The journal of main has no name."""
        return naming.renamed(sql, None if schema == MAIN else schema)

    def default_schema(self, connection: AnyConnection) -> str | None:
        """Always main."""
        return MAIN

    def standing_guards(self, connection: AnyConnection, schema: str | None) -> frozenset[str]:
        """A trigger of SQLite cannot be disabled: one that exists is in force."""
        query = (
            f"SELECT name FROM {self.at(schema)}sqlite_schema"
            " WHERE type = 'trigger' AND tbl_name IN ('init_journal', 'init_journal_head')"
        )
        return frozenset(naming.parted(row[0])[0] for row in run(connection, self.renamed(query, schema)))

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
        for statement in self.ddl(self.at(schema)):
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
        return [
            f"CREATE TABLE {at}init_journal (seq INTEGER PRIMARY KEY, run TEXT NOT NULL, at TEXT NOT NULL,"
            " type TEXT NOT NULL, source TEXT NOT NULL, dest TEXT NOT NULL, event TEXT NOT NULL,"
            " prev_hash TEXT NOT NULL, hash TEXT NOT NULL)",
            f"CREATE TABLE {at}init_journal_head (id INTEGER PRIMARY KEY CHECK (id = 1),"
            " seq INTEGER NOT NULL, hash TEXT NOT NULL, schema_version INTEGER NOT NULL,"
            " min_writer INTEGER NOT NULL)",
            f"INSERT INTO {at}init_journal_head VALUES (1, 0, '{GENESIS}', {SCHEMA_VERSION}, {MIN_WRITER})",
            *_triggers(at),
            f"CREATE INDEX {at}init_journal_run ON init_journal (run)",
            f"CREATE INDEX {at}init_journal_type_seq ON init_journal (type, seq)",
            f"CREATE TABLE {at}init_journal_version (version_num VARCHAR(32) NOT NULL,"
            " CONSTRAINT init_journal_version_pkc PRIMARY KEY (version_num))",
            f"INSERT INTO {at}init_journal_version VALUES ('{SCHEMA_VERSION:04d}')",
        ]

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


def _triggers(at: str) -> list[str]:
    """The triggers that guard the journal.

    The head is checked before the row is inserted, and moved after it. If both were before, INSERT OR IGNORE
    could move the head without a row.
    """

    def refuse(name: str, when: str, table: str, why: str, condition: str = "") -> str:
        return (
            f"CREATE TRIGGER {at}{name} BEFORE {when} ON {table} {condition}"
            f"BEGIN SELECT RAISE(ABORT, '{why}'); END"
        )

    follows = "SELECT 1 FROM init_journal_head WHERE id = 1 AND seq = NEW.seq - 1 AND hash = NEW.prev_hash"
    moves = (
        "NEW.id = OLD.id AND NEW.seq = OLD.seq + 1 AND NEW.schema_version = OLD.schema_version"
        " AND NEW.min_writer = OLD.min_writer AND EXISTS (SELECT 1 FROM init_journal"
        " WHERE seq = NEW.seq AND hash = NEW.hash AND prev_hash = OLD.hash)"
    )
    return [
        refuse(
            "init_journal_append",
            "INSERT",
            "init_journal",
            "init_journal: event does not follow the head",
            f"WHEN NOT EXISTS ({follows}) ",
        ),
        f"CREATE TRIGGER {at}init_journal_follow AFTER INSERT ON init_journal BEGIN"
        " UPDATE init_journal_head SET seq = NEW.seq, hash = NEW.hash WHERE id = 1; END",
        refuse("init_journal_no_update", "UPDATE", "init_journal", "init_journal is append-only"),
        refuse("init_journal_no_delete", "DELETE", "init_journal", "init_journal is append-only"),
        refuse(
            "init_journal_head_move",
            "UPDATE",
            "init_journal_head",
            "init_journal_head moves by an event only",
            f"WHEN NOT ({moves}) ",
        ),
        refuse("init_journal_head_no_delete", "DELETE", "init_journal_head", "init_journal_head stays"),
        refuse(
            "init_journal_head_no_insert",
            "INSERT",
            "init_journal_head",
            "init_journal_head has one row",
            "WHEN EXISTS (SELECT 1 FROM init_journal_head) ",
        ),
    ]
