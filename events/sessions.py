"""Opens initdb's own connections on the application's engine, and closes them."""

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
"""Key of Connection.info: the function that makes the connection of a database in memory as it was."""

KEPT = "initdb_kept"
"""Key of Connection.info: a reference that keeps the connection from going back to its pool."""


def is_memory(engine: Engine) -> bool:
    """Whether the database is in the memory of this process: on one connection, which must not be closed."""
    if engine.dialect.name != "sqlite":
        return False
    name = engine.url.database
    return not name or name.startswith((":memory:", "file::memory:")) or "mode=memory" in str(engine.url)


def open_session(engine: Engine) -> Connection:
    """Open a session: a connection of initdb's own, which never goes back to the engine's pool.

    SQLAlchemy's Connection begins one transaction, which it only ends when it is closed. The transactions of
    the database begin and end below it, by `events.database.Database`.

    A database in memory has only one connection. There the session is the application's connection.

    Args:
        engine: The engine whose database is opened.

    Raises:
        InitError: "in-transaction": the application has a transaction open on a database in memory.
        sqlalchemy.exc.SQLAlchemyError: The database cannot be reached.
    """
    connection = engine.connect()
    if is_memory(engine):
        _refuse_in_transaction(connection)
    else:
        connection.detach()
    with on_error(connection.close):
        connection.info[RESTORE] = database_of(connection).prepare(connection)
        connection.begin()
        database_of(connection).rollback(connection)
    return connection


def _refuse_in_transaction(connection: Connection) -> None:
    if driver(connection).in_transaction:
        # Back in the pool, the connection would roll the application's transaction back.
        connection.info[KEPT] = connection
        raise InitError("in-transaction", database="sqlite")


def close_session(connection: Connection | None) -> None:
    """Close a session for good. Nothing is raised, also if the connection is dead already.

    Args:
        connection: The session; None if none was opened.
    """
    if connection is None:
        return
    # The error that led here is the one to report. The database ends the session in any case.
    with contextlib.suppress(Exception), contextlib.ExitStack() as stack:
        stack.callback(connection.close)
        stack.callback(_restore, connection)
        if connection.in_transaction():
            connection.rollback()


def _restore(connection: Connection) -> None:
    # An invalidated connection would connect again if it were asked for its info.
    if not connection.invalidated:
        connection.info.pop(RESTORE)()


@contextlib.contextmanager
def session(engine: Engine) -> Iterator[Connection]:
    """Open a session for the length of a block.

    Example:
        >>> from sqlalchemy import create_engine
        >>> with session(create_engine("sqlite://")) as connection:
        ...     connection.exec_driver_sql("SELECT 1").scalar()
        1
    """
    connection = open_session(engine)
    try:
        yield connection
    finally:
        close_session(connection)


def database_file(engine: Engine) -> Path | None:
    """The file of a SQLite database, with symbolic links resolved; None if it is in memory, or not SQLite.

    Example:
        >>> from sqlalchemy import create_engine
        >>> database_file(create_engine("sqlite:////srv/shop/../shop.db"))
        PosixPath('/srv/shop.db')
    """
    if engine.dialect.name != "sqlite" or is_memory(engine):
        return None
    name = engine.url.database or ""
    if name.startswith("file:"):
        name = name[len("file:") :].split("?", 1)[0]
        name = unquote(name)
    return Path(name).resolve()
