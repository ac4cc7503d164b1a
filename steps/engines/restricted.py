"""Restricts the connections that other people's code opens in this thread: none, or only to read."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, Pool, event

from initdb.events.sessions import database_file


class NoConnection(Exception):
    """A connection was asked for where none is allowed."""


@contextlib.contextmanager
def no_connections() -> Iterator[None]:
    """Refuse every connection of SQLAlchemy that this thread asks for in the block.

    Raises:
        NoConnection: Where the connection is asked for.
    """

    def refuse(*_: object) -> None:
        raise NoConnection("no connection to a database is allowed here")

    # The first is called before a connection is made, the second also where the pool has one.
    with _listening(Engine, "do_connect", refuse), _listening(Pool, "checkout", refuse):
        yield


@contextlib.contextmanager
def only_reading(engine: Engine) -> Iterator[None]:
    """Let the connections that this thread opens in the block only read.

    If the database is a SQLite file that does not exist, they are to an empty database in memory, since
    SQLite would make the file.

    Args:
        engine: The engine of the database.
    """
    file, limited = database_file(engine), dict[int, Dialect]()

    def redirect(dialect: Dialect, _: object, arguments: list[Any], options: dict[str, Any]) -> None:
        if file is not None and not file.exists() and dialect.name == "sqlite" and arguments:
            arguments[0] = ":memory:"

    def limit(connection: Connection) -> None:
        made = connection.connection.dbapi_connection
        if made is not None:
            _set(connection.dialect, made, True)
            limited[id(made)] = connection.dialect

    def lift(made: Any, _: object) -> None:
        # It goes back to a pool, perhaps the application's.
        if (dialect := limited.pop(id(made), None)) is not None and made is not None:
            _set(dialect, made, False)

    with (
        _listening(Engine, "do_connect", redirect),
        _listening(Engine, "engine_connect", limit),
        _listening(Pool, "checkin", lift),
    ):
        yield


def _set(dialect: Dialect, connection: Any, limited: bool) -> None:
    if dialect.name == "sqlite":
        connection.cursor().execute(f"PRAGMA query_only = {limited:d}")
    elif dialect.name == "postgresql":
        dialect.set_readonly(connection, limited)  # type: ignore[attr-defined]


@contextlib.contextmanager
def _listening(target: type[Engine | Pool], name: str, call: Callable[..., None]) -> Iterator[None]:
    """Call a function at an event of this thread, whatever engine or pool it is of."""
    mine = threading.get_ident()

    def heard(*arguments: Any) -> None:
        if threading.get_ident() == mine:
            call(*arguments)

    event.listen(target, name, heard)
    try:
        yield
    finally:
        event.remove(target, name, heard)
