"""SQLite's side of the journal: tables, guarding triggers, real transactions, COMMIT while it is busy."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, text

from initdb.errors import InitError
from initdb.events import naming
from initdb.events.chain import GENESIS
from initdb.events.head import MIN_WRITER, SCHEMA_VERSION, Head, HeadBusy
from initdb.events.shape import OF_THE_JOURNAL, Relation

COMMIT_PATIENCE = 30.0
"""How long, in s, a COMMIT that readers hold up is tried again."""

_monotonic, _sleep = time.monotonic, time.sleep


FOUND = "initdb_transactions"
"""Key of Connection.info: how the driver handled transactions when the connection was taken."""

FULL = 2
"""PRAGMA synchronous under which a commit is on the disk when it is answered."""


def prefix(connection: Connection, schema: str | None) -> str:
    """`"main".`"""
    return naming.prefix(schema)


def driver(connection: Connection) -> Any:
    """The DBAPI connection below SQLAlchemy's facade."""
    return connection.connection.dbapi_connection


def prepare(connection: Connection) -> None:
    """No transaction but those that begin() opens, and commits that reach the disk.

    Raises InitError("in-transaction") where the application has one open: to change how the driver handles
    transactions would commit it.
    """
    dbapi = driver(connection)
    mode = getattr(dbapi, "autocommit", None)
    if dbapi.in_transaction and mode is not False:
        raise InitError("in-transaction", database="sqlite")
    connection.info[FOUND] = (dbapi.isolation_level, mode)
    if mode in (True, False):
        dbapi.autocommit = sqlite3.LEGACY_TRANSACTION_CONTROL  # type: ignore[attr-defined,unused-ignore]
        # Under autocommit=False a transaction is always open, empty on a new connection.
        dbapi.rollback()
    dbapi.isolation_level = None
    if _run(dbapi, "PRAGMA synchronous") < FULL:
        _run(dbapi, f"PRAGMA synchronous = {FULL}")


def restore(connection: Connection) -> None:
    """Handle transactions as the application's driver did; for a database in memory, which goes on living."""
    level, mode = connection.info.pop(FOUND, (None, None))
    dbapi = driver(connection)
    dbapi.isolation_level = level
    if mode in (True, False):
        dbapi.autocommit = mode


def _run(dbapi: Any, statement: str) -> Any:
    cursor = dbapi.cursor()
    try:
        cursor.execute(statement)
        row = cursor.fetchone()
        return row[0] if row else None
    finally:
        cursor.close()


def in_transaction(dbapi: Any) -> bool:
    """Whether the driver is in a transaction; aiosqlite's connection lies below SQLAlchemy's."""
    return bool(getattr(dbapi, "driver_connection", dbapi).in_transaction)


def begin(connection: Connection) -> None:
    """BEGIN IMMEDIATE, so that reads and writes are one transaction and another writer is locked out at once.

    What was left open before is undone: only what its event tells of may stay. Raises HeadBusy, without
    waiting, where another writer has the database.
    """
    dbapi = driver(connection)
    if in_transaction(dbapi):
        rollback(connection)
    patience = _run(dbapi, "PRAGMA busy_timeout")
    _run(dbapi, "PRAGMA busy_timeout = 0")
    try:
        _run(dbapi, "BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if is_busy(error):
            raise HeadBusy from error
        raise
    finally:
        _run(dbapi, f"PRAGMA busy_timeout = {patience}")


def is_busy(error: BaseException) -> bool:
    """SQLITE_BUSY or SQLITE_LOCKED, with any extended code."""
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def commit(connection: Connection, hurried: Callable[[], bool] = bool) -> None:
    """COMMIT on the driver, again while readers keep it busy: after one failure SQLAlchemy would discard the
    work. `hurried` says whether to give up at once instead."""
    give_up = _monotonic() + COMMIT_PATIENCE
    while True:
        try:
            connection.dialect.do_commit(driver(connection))
            return
        except sqlite3.OperationalError as error:
            if not is_busy(error) or hurried() or _monotonic() > give_up:
                raise
            _sleep(0.01)


def rollback(connection: Connection) -> None:
    """ROLLBACK below the facade."""
    connection.dialect.do_rollback(driver(connection))


def lock_head(connection: Connection, schema: str | None, lock_timeout: float | None) -> Head:
    """Read the head, which BEGIN IMMEDIATE has locked."""
    table = f"{naming.literal(prefix(connection, schema))}init_journal_head"
    row = connection.execute(
        text(f"SELECT seq, hash, schema_version, min_writer FROM {table} WHERE id = 1")
    ).first()
    if row is None:
        raise InitError("journal-unreadable", "init_journal_head has no row", database="sqlite")
    return Head(row[0], row[1], row[2], row[3], time.time())


def before_append(connection: Connection) -> None:
    """Raises InitError("transaction-ended") where SQLite has rolled the unit back by itself, with its
    work."""
    if not in_transaction(driver(connection)):
        raise InitError("transaction-ended", database="sqlite")


def lock_nothing(connection: Connection, key: int) -> None:
    """Nothing to take: BEGIN IMMEDIATE stands for the head while there is none."""


def schemas(connection: Connection) -> dict[str, bool]:
    """`main`, where it holds a table init_journal_head, and whether the other table is there."""
    rows = connection.execute(
        text(
            "SELECT name FROM main.sqlite_schema"
            " WHERE type = 'table' AND name IN ('init_journal', 'init_journal_head')"
        )
    )
    found = {row[0] for row in rows}
    return {"main": "init_journal" in found} if "init_journal_head" in found else {}


def default_schema(connection: Connection) -> str | None:
    """The file itself."""
    return "main"


def guards(connection: Connection, schema: str | None) -> frozenset[str]:
    """The names of the triggers that stand on the journal's two tables."""
    rows = connection.execute(
        text(
            f"SELECT name FROM {prefix(connection, schema)}sqlite_schema"
            " WHERE type = 'trigger' AND tbl_name IN ('init_journal', 'init_journal_head')"
        )
    )
    return frozenset(row[0] for row in rows)


def relations(connection: Connection, schema: str | None) -> dict[str, Relation]:
    """What has one of the journal's names: tables, indexes, and what is neither."""
    names = ", ".join(f"'{name}'" for name in OF_THE_JOURNAL)
    rows = connection.execute(
        text(
            "SELECT s.name, s.type, p.name FROM main.sqlite_schema s LEFT JOIN pragma_table_info(s.name) p"
            f" WHERE s.name IN ({names})"
        )
    ).all()
    return {
        name: Relation(kind, frozenset(column for other, _, column in rows if other == name and column))
        for name, kind, _ in rows
    }


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


def create(connection: Connection, schema: str | None) -> None:
    """Make the whole journal, empty, at this code's version; the caller's transaction commits it."""
    for statement in ddl(prefix(connection, schema)):
        connection.execute(text(statement))


def ddl(at: str) -> list[str]:
    """The statements that make the journal; `at` is the quoted schema with its dot, or nothing."""
    return [
        f"CREATE TABLE {at}init_journal (seq INTEGER PRIMARY KEY, run TEXT NOT NULL, at TEXT NOT NULL,"
        " type TEXT NOT NULL, source TEXT NOT NULL, dest TEXT NOT NULL, event TEXT NOT NULL,"
        " prev_hash TEXT NOT NULL, hash TEXT NOT NULL)",
        f"CREATE TABLE {at}init_journal_head (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL,"
        " hash TEXT NOT NULL, schema_version INTEGER NOT NULL, min_writer INTEGER NOT NULL)",
        f"INSERT INTO {at}init_journal_head VALUES (1, 0, '{GENESIS}', {SCHEMA_VERSION}, {MIN_WRITER})",
        *_triggers(at),
        f"CREATE INDEX {at}init_journal_run ON init_journal (run)",
        f"CREATE INDEX {at}init_journal_type ON init_journal (type)",
        f"CREATE TABLE {at}init_journal_version (version_num VARCHAR(32) NOT NULL,"
        " CONSTRAINT init_journal_version_pkc PRIMARY KEY (version_num))",
        f"INSERT INTO {at}init_journal_version VALUES ('{SCHEMA_VERSION:04d}')",
    ]


def _triggers(at: str) -> list[str]:
    """The check comes before the row and the move after it: with both before, INSERT OR IGNORE moves the head
    alone."""

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
