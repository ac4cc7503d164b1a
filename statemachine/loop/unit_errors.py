"""Finds the error that broke a unit's transaction, also if the step's own code caught it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sqlalchemy import Connection, event
from sqlalchemy.engine import ExceptionContext

from initdb.errors import InitError
from initdb.errors.classify import classify, is_connection_lost, is_disk_full, is_passing
from initdb.errors.driver import driver_error
from initdb.errors.files import room
from initdb.events.database import database_of
from initdb.events.head import JournalSignal
from initdb.events.sessions import database_file
from initdb.statemachine.loop.signals import Stopped

FAILED_TRANSACTION = "25P02"
"""PostgreSQL's SQLSTATE for every statement after the one that broke the transaction."""

LITTLE = 2**20
"""How many bytes are so few that a transaction which SQLite has ended is taken to have found no room."""


@contextlib.contextmanager
def first_error(connection: Connection) -> Iterator[None]:
    """Raise the error that broke the transaction, in place of a later error that it led to.

    If a step catches a database error and goes on, it fails later for another reason: SQLite has rolled back,
    PostgreSQL refuses every statement with 25P02. The first error counts if it can pass by itself, because a
    failure that lasts is not retried. A full disk also counts if the step raised an error of its own.

    Args:
        connection: The connection of the unit.
    """
    broken: list[BaseException] = []

    def note(context: ExceptionContext) -> None:
        error = context.sqlalchemy_exception or context.original_exception
        if context.connection is connection and _breaks(connection, error, bool(broken)):
            broken[:] = [error]

    event.listen(connection.engine, "handle_error", note)
    try:
        yield
    except (JournalSignal, Stopped):
        raise
    except Exception as error:  # a step runs the application's code, which may raise anything
        cause = _cause(connection, error, broken)
        if cause is None or cause is error:
            raise
        raise cause from error
    finally:
        event.remove(connection.engine, "handle_error", note)


def _breaks(connection: Connection, error: BaseException, is_broken: bool) -> bool:
    """On PostgreSQL every error breaks the transaction; on SQLite one after which none is open."""
    if is_connection_lost(error):
        return False
    if connection.dialect.name == "sqlite":
        return not is_broken and not database_of(connection).in_transaction(connection)
    return _state(error) != FAILED_TRANSACTION


def _cause(connection: Connection, error: Exception, broken: list[BaseException]) -> BaseException | None:
    """The error to raise in place of `error`; None if there is no other."""
    chain = list(_chain(error))
    ended = connection.dialect.name == "sqlite" or FAILED_TRANSACTION in map(_state, chain)
    if broken and ended and is_passing(broken[0]):
        return broken[0]
    full = next(filter(None, (_full(connection, one) for one in chain)), None)
    return full or _without_room(connection)


def _without_room(connection: Connection) -> InitError | None:
    """The error of a full disk that nobody has seen, since the step hid it behind a cursor of the driver.

    SQLite has then ended the transaction by itself.
    """
    file = database_file(connection.engine)
    left = room(file)
    if file is None or left is None or left > LITTLE or database_of(connection).in_transaction(connection):
        return None
    said = f"SQLite has ended the transaction by itself; the disk of {file} has {left:,} bytes left."
    return InitError("disk-full", said, database="sqlite")


def _full(connection: Connection, error: BaseException) -> BaseException | None:
    """The error of a full disk. SQLite may only say that it cannot write or open one of its files."""
    if is_disk_full(error):
        return error
    file = database_file(connection.engine)
    if file is None or driver_error(error) is None:
        return None
    found = classify(error, doing="journal", database="sqlite", target=str(file))
    return found if found.reference == "disk-full" else None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, its causes, and the errors that were handled when it was raised."""
    seen: set[int] = set()
    left: list[BaseException | None] = [error]
    while left:
        one = left.pop(0)
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            left += [one.__cause__, one.__context__]


def _state(error: BaseException) -> str | None:
    found = driver_error(error)
    return found.sqlstate if found else None
