"""Connections that a run opens for itself off the application's engine, and closes before it ends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import Connection, Engine

from initdb.errors import InitError
from initdb.events.database import database_of
from initdb.events.statements import driver
from initdb.events.undo import on_error

RESTORE = "initdb_restore"
"""Key of Connection.info: what undoes what was prepared, for a database in memory, which goes on living."""

HELD = "initdb_held"
"""Key of Connection.info: a connection that must not be returned to its pool."""


def is_memory(engine: Engine) -> bool:
    """Whether the database lives in this process's memory, on one connection that must not be closed."""
    if engine.dialect.name != "sqlite":
        return False
    name = engine.url.database
    return not name or name.startswith((":memory:", "file::memory:")) or "mode=memory" in str(engine.url)


def open_session(engine: Engine) -> Connection:
    """A connection of `engine` that never goes back to its pool, in real transactions, its facade begun.

    A database in memory is the exception: it has one connection, which is the application's too. Raises
    InitError("in-transaction") where it is in use.
    The facade's transaction stays open to the end; units of work are begun and committed below it.
    """
    connection = engine.connect()
    if is_memory(engine):
        _spare(connection)
    else:
        connection.detach()
    with on_error(connection.close):
        connection.info[RESTORE] = database_of(connection).prepare(connection)
        connection.begin()
        database_of(connection).rollback(connection)
    return connection


def _spare(connection: Connection) -> None:
    """Raises InitError("in-transaction") where the application has a transaction open on its only connection.

    To return the connection would roll it back, so it is kept as long as the engine lives.
    """
    if driver(connection).in_transaction:
        connection.info[HELD] = connection
        raise InitError("in-transaction", database="sqlite")


def close_session(connection: Connection | None) -> None:
    """Close for good; a connection that is dead already is no error."""
    if connection is None:
        return
    # Whatever fails here, the error that led here is the one to report; the database ends the session anyway.
    with contextlib.suppress(Exception), contextlib.ExitStack() as steps:
        steps.callback(connection.close)
        steps.callback(_restore, connection)
        if connection.in_transaction():
            connection.rollback()


def _restore(connection: Connection) -> None:
    # To ask an invalidated connection for its info would connect anew.
    if not connection.invalidated:
        connection.info.pop(RESTORE)()


@contextlib.contextmanager
def session(engine: Engine) -> Iterator[Connection]:
    """`open_session` for the length of a block."""
    connection = open_session(engine)
    try:
        yield connection
    finally:
        close_session(connection)


def database_file(engine: Engine) -> Path | None:
    """The real path of a SQLite database's file: a path and its symlink are one database."""
    if engine.dialect.name != "sqlite" or is_memory(engine):
        return None
    name = engine.url.database or ""
    if name.startswith("file:"):
        name = name[len("file:") :].split("?", 1)[0]
        name = unquote(name)
    return Path(name).resolve()
