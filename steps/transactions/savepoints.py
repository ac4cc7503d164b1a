"""Runs work that may fail, without losing the transaction around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Literal

from sqlalchemy import Connection, NestedTransaction
from sqlalchemy.exc import SQLAlchemyError

from initdb.errors import InitError
from initdb.errors.classify import classify
from initdb.events.undo import on_error

_REFUSED = {"index-creation-failed", "constraint-creation-failed", "constraint-violation", "repair-failed"}


@contextmanager
def savepoint(connection: Connection, *, keep: bool = True) -> Iterator[None]:
    """A SAVEPOINT around the block. It is rolled back if the block raises.

    Args:
        connection: In a transaction.
        keep: Whether the work is kept at the end of the block.
    """
    nested = connection.begin_nested()
    with on_error(_undo, nested):
        yield
        if keep:
            nested.commit()
        else:
            nested.rollback()


def _undo(nested: NestedTransaction) -> None:
    # Some errors end the whole transaction with its savepoints; then the first error is the one to report. If
    # COMMIT failed, this sends nothing, and SQLAlchemy accepts later statements again.
    with suppress(SQLAlchemyError):
        nested.rollback()


def attempt(
    connection: Connection, act: Callable[[], object], doing: Literal["index", "constraint", "repair"]
) -> InitError | None:
    """Try something in a SAVEPOINT.

    Args:
        connection: In a transaction.
        act: What to try.
        doing: What an error calls it.

    Returns:
        Why the database refused it; None if it is done. An error with another cause (a lost connection, a
        cancelled statement, a lock, a full disk, a missing privilege) is raised as it came.
    """
    try:
        with savepoint(connection):
            act()
    except SQLAlchemyError as error:
        failure = classify(error, doing=doing, database=connection.dialect.name)
        if failure.reference not in _REFUSED:
            raise
        return failure
    return None


def reason(failure: InitError) -> str:
    """A failure in one line: its reference, and the first line of what the database said."""
    said = [line for line in failure.context if line]
    return f"{failure.reference}: {said[0]}" if said else failure.reference
