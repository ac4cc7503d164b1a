"""Tells which errors mean that the database refused a row, and describes them without the row's values."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError

from initdb.errors.conditions import said_of
from initdb.errors.driver import Verify, driver_error
from initdb.errors.withheld import kind_of, withhold

REFUSALS = (SQLAlchemyError, ValueError, TypeError, OverflowError, LookupError)
"""A refusal is one of these, or an error of the driver's own; `is_refusal` decides."""

_MISTYPED = "42804"
_GENERATED = "428C9"
_RAISED = "P0001"
_REFUSING_CLASSES = ("22", "23", "44")
_REFUSING_NAMES = ("SQLITE_CONSTRAINT", "SQLITE_MISMATCH", "SQLITE_TOOBIG")


def is_refusal(error: BaseException) -> bool:
    """Whether the row is the cause, and not a lost connection, a lock, a full disk or a missing privilege."""
    if isinstance(error, DBAPIError):
        return not error.connection_invalidated and _of_driver(error.orig)
    if isinstance(error, StatementError):
        return True
    return isinstance(error, ValueError | TypeError | OverflowError | LookupError) or _of_driver(error)


def code_of(error: BaseException) -> str | None:
    """The SQLSTATE, or SQLite's name of the error; None if it has neither."""
    found = driver_error(error)
    return found.code if found is not None else None


def reason(error: BaseException, verify: Verify | None = None) -> str:
    """Why the row was refused. It names table, constraint and columns, but no value.

    Args:
        error: What was raised.
        verify: Asks the database for the names in its error; None if it cannot be asked.
    """
    found = driver_error(error)
    if found is None:
        return raised(error)
    withhold(error)
    return said_of(found, verify)


def raised(error: BaseException, verify: Verify | None = None) -> str:
    """What was raised, without its text: a database's error in our own words, anything else by its type.

    Args:
        error: What was raised.
        verify: As for `reason`.
    """
    found = driver_error(error)
    kind = kind_of(_inner(error))
    return kind if found is None else f"{kind}: {said_of(found, verify)}"


def _inner(error: BaseException) -> BaseException:
    orig = error.orig if isinstance(error, StatementError) else None
    return error if orig is None else orig


def _of_driver(error: BaseException | None) -> bool:
    found = driver_error(error) if error is not None else None
    if found is None:
        return False
    if found.sqlstate is not None:
        code = found.sqlstate
        return code[:2] in _REFUSING_CLASSES or code in (_MISTYPED, _GENERATED, _RAISED)
    if found.sqlite_name is not None:
        return found.sqlite_name.startswith(_REFUSING_NAMES)
    # The driver cannot send a value: sqlite3 raises one of the first two, psycopg2 ProgrammingError.
    return type(error).__name__ in ("ProgrammingError", "InterfaceError", "DataError")
