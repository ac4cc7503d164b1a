"""Taps on every call to a database driver: one point before it and one after it.

On the DBAPI's own classes, since SQLAlchemy's events on cursors do not see commits and raw cursors:
`factory=` for sqlite3, `connection_factory=` and `cursor_factory=` for psycopg2, set by SQLAlchemy's
`do_connect` on the class Engine, so that engines of an env.py are tapped too, and on the package's
`sqlite3.connect` for connections that are made without an engine. A tap is put in by a forked child and
dies with it.
"""

from __future__ import annotations

import functools
import os
import signal
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg2.extensions
from sqlalchemy import Engine, event

_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Moment:
    """One point: before or after a call, on which connection (None where there is none yet)."""

    number: int
    when: str
    call: str
    statement: str
    connection: Any
    parameters: object = None

    @property
    def label(self) -> str:
        """`before execute: INSERT INTO …`."""
        said = " ".join(self.statement.split())[:_SHOWN]
        return f"{self.when} {self.call}" + (f": {said}" if said else "")


Act = Callable[[Moment], object]
"""What is done at each point; true where a fault struck."""


@dataclass(slots=True)
class Tap:
    """Counts points and acts at each; what `act` does to the driver itself is not counted."""

    act: Act
    number: int = 0
    _inside: bool = field(default=False, repr=False)

    def point(self, when: str, call: str, arguments: tuple[Any, ...], connection: Any) -> None:
        """One point reached."""
        if self._inside:
            return
        self.number += 1
        self._inside = True
        try:
            statement, parameters = (*arguments, None)[:2] if arguments else ("", None)
            self.act(Moment(self.number, when, call, str(statement or ""), connection, parameters))
        finally:
            self._inside = False


_tap: Tap | None = None


def kill_at(number: int) -> Act:
    """SIGKILL to this process at the point of that number."""

    def act(moment: Moment) -> None:
        if moment.number == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return act


def install(act: Act) -> Tap:
    """Put the tap into this process, for good."""
    global _tap  # noqa: PLW0603 - the process is a child that lives for one run
    first = _tap is None
    _tap = Tap(act)
    if first:
        event.listen(Engine, "do_connect", _use_tapped_classes)
        sqlite3.connect = functools.partial(sqlite3.connect, factory=TappedSqlite)  # type: ignore[assignment]
    return _tap


def _use_tapped_classes(dialect: Any, record: Any, args: Any, parameters: dict[str, Any]) -> None:
    if dialect.name == "sqlite":
        parameters["factory"] = TappedSqlite
    else:
        parameters["connection_factory"] = TappedPostgres
        parameters["cursor_factory"] = TappedPostgresCursor


def _tapped(name: str, connection_of: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A decorator-like maker of methods: the point before, the real method, the point after."""

    def make(real: Any) -> Any:
        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            assert _tap is not None
            connection = connection_of(self)
            _tap.point("before", name, args, connection)
            answer = real(self, *args, **kwargs)
            _tap.point("after", name, args, connection)
            return answer

        return method

    return make


def _wrap(base: type, connection_of: Callable[[Any], Any], *names: str) -> dict[str, Any]:
    return {name: _tapped(name, connection_of)(getattr(base, name)) for name in names}


def _connecting(base: type) -> Any:
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        assert _tap is not None
        _tap.point("before", "connect", (), None)
        base.__init__(self, *args, **kwargs)  # type: ignore[misc]
        _tap.point("after", "connect", (), self)

    return __init__


def _itself(connection: Any) -> Any:
    return connection


def _its(cursor: Any) -> Any:
    return cursor.connection


TappedSqliteCursor: Any = type(
    "TappedSqliteCursor",
    (sqlite3.Cursor,),
    _wrap(sqlite3.Cursor, _its, "execute", "executemany", "executescript"),
)


def _sqlite_cursor(self: Any, factory: Any = None) -> Any:
    return sqlite3.Connection.cursor(self, factory or TappedSqliteCursor)


TappedSqlite: Any = type(
    "TappedSqlite",
    (sqlite3.Connection,),
    {
        "__init__": _connecting(sqlite3.Connection),
        # Connection.execute and its kin make their cursor by this method.
        "cursor": _sqlite_cursor,
        **_wrap(sqlite3.Connection, _itself, "commit", "rollback", "close"),
    },
)

TappedPostgresCursor: Any = type(
    "TappedPostgresCursor",
    (psycopg2.extensions.cursor,),
    _wrap(psycopg2.extensions.cursor, _its, "execute", "executemany", "copy_expert"),
)

TappedPostgres: Any = type(
    "TappedPostgres",
    (psycopg2.extensions.connection,),
    {
        "__init__": _connecting(psycopg2.extensions.connection),
        **_wrap(psycopg2.extensions.connection, _itself, "commit", "rollback", "close"),
    },
)
