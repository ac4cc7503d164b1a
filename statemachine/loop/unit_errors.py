"""The error that broke a unit's transaction, told also where the step's own code passed over it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sqlalchemy import Connection, event
from sqlalchemy.engine import ExceptionContext

from initdb.errors.classify import is_connection_lost, is_disk_full, is_passing
from initdb.errors.driver import driver_error
from initdb.events.database import database_of
from initdb.events.head import JournalSignal
from initdb.statemachine.loop.signals import Stopped

FAILED_TRANSACTION = "25P02"
"""PostgreSQL's answer to every statement after the one that broke the transaction."""


@contextlib.contextmanager
def first_error(connection: Connection) -> Iterator[None]:
    """Raise the error that broke the transaction in place of what it led to.

    A step that catches a database error and goes on fails later, for another reason: SQLite has rolled back
    by itself, PostgreSQL answers nothing but 25P02. An error that passes by itself must not be recorded as
    one that lasts. A full disk is told as well where the step raises an error of its own because of it.
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
    """PostgreSQL: each error but the answers to a broken transaction. SQLite: the first one that ended it."""
    if is_connection_lost(error):
        return False
    if connection.dialect.name == "sqlite":
        return not is_broken and not database_of(connection).in_transaction(connection)
    return _state(error) != FAILED_TRANSACTION


def _cause(connection: Connection, error: Exception, broken: list[BaseException]) -> BaseException | None:
    """The error to tell in place of `error`; None where that is the one."""
    chain = list(_chain(error))
    ended = connection.dialect.name == "sqlite" or FAILED_TRANSACTION in map(_state, chain)
    if broken and ended and is_passing(broken[0]):
        return broken[0]
    return next(filter(is_disk_full, chain), None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what caused it, and what was being handled when it was raised."""
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
