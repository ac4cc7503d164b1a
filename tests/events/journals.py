"""Creates, fills and reads journals for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine, text

from initdb.events.database import database_of
from initdb.events.entry import COLUMNS, Entry, Moment, Turn, write
from initdb.events.head import Head
from initdb.events.journal import Journal
from initdb.events.sessions import session
from initdb.events.verify import Stored

MOMENT = Moment("run-1", "2026-11-23T08:06:41.218903Z", 1, {"host": "here", "pid": 1})
APPLICATION = "shop"


def schema_of(engine: Engine) -> str:
    """The schema of a journal if no setting names one."""
    return "main" if engine.dialect.name == "sqlite" else "public"


def make(engine: Engine, schema: str | None = None, application: str = APPLICATION) -> Journal:
    """Create a journal with one entry, and commit it."""
    journal = Journal(schema or schema_of(engine), application)
    with session(engine) as connection:
        begin(connection)
        journal.create(connection)
        append(journal, connection, "journal_created", {"application": application, "journal": "j"})
        commit(connection)
    return journal


def following(
    journal: Journal, connection: Connection, type_: str, data: Mapping[str, Any], head: Head | None = None
) -> Entry:
    """Make the entry that the head accepts next."""
    head = head or journal.head(connection)
    return write(head.seq, head.hash, MOMENT, Turn(type_, "note", "unknown", "unknown"), data)


def append(
    journal: Journal,
    connection: Connection,
    type_: str = "outage",
    data: Mapping[str, Any] | None = None,
    head: Head | None = None,
) -> Entry:
    """Append one entry in the open transaction."""
    entry = following(journal, connection, type_, data or {}, head)
    journal.append(connection, entry)
    return entry


def append_committed(journal: Journal, engine: Engine, **data: Any) -> Entry:
    """Append one entry in a transaction of its own."""
    with session(engine) as connection:
        begin(connection)
        entry = append(journal, connection, "outage", data)
        commit(connection)
    return entry


def begin(connection: Connection) -> None:
    """Begin a transaction below SQLAlchemy's Connection."""
    database_of(connection).begin(connection)


def commit(connection: Connection) -> None:
    """Commit below SQLAlchemy's Connection."""
    database_of(connection).commit(connection)


def rollback(connection: Connection) -> None:
    """Roll back below SQLAlchemy's Connection."""
    database_of(connection).rollback(connection)


def stored(journal: Journal, connection: Connection) -> list[Stored]:
    """The rows of init_journal."""
    table = journal.table(connection, "init_journal")
    rows = connection.execute(text(f"SELECT {', '.join(COLUMNS)} FROM {table} ORDER BY seq"))
    return [Stored(*row) for row in rows]
