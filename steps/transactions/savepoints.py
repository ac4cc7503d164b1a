"""Work that may fail without taking the transaction around it along."""

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
    """A SAVEPOINT around the body: kept at its end, unless `keep` is false; undone where the body raises."""
    nested = connection.begin_nested()
    with on_error(_undo, nested):
        yield
        if keep:
            nested.commit()
        else:
            nested.rollback()


def _undo(nested: NestedTransaction) -> None:
    # Some errors end the whole transaction, savepoints too: the first error is the one to tell. Where COMMIT
    # failed this sends nothing, and SQLAlchemy takes later statements again.
    with suppress(SQLAlchemyError):
        nested.rollback()


def attempt(
    connection: Connection, act: Callable[[], object], doing: Literal["index", "constraint", "repair"]
) -> InitError | None:
    """Do `act` in a SAVEPOINT; what the database had against it, or None where it is done.

    Only a refusal of what was asked is returned. What has nothing to do with it (a lost connection, a
    cancelled statement, a lock not given, a full disk, a missing privilege) is raised as it came.
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
    """A failure in one line: its reference and what the database said first."""
    said = [line for line in failure.context if line]
    return f"{failure.reference}: {said[0]}" if said else failure.reference
