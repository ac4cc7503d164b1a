"""Tells which errors mean that the database refused a row, and describes them without the row's values."""

from __future__ import annotations

import re

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError

from initdb.errors.driver import driver_error

REFUSALS = (SQLAlchemyError, ValueError, TypeError, OverflowError, LookupError)
"""A refusal is one of these, or an error of the driver's own; `is_refusal` decides."""

_MISTYPED = "42804"
_GENERATED = "428C9"
_RAISED = "P0001"
_REFUSING_CLASSES = ("22", "23", "44")
_REFUSING_NAMES = ("SQLITE_CONSTRAINT", "SQLITE_MISMATCH", "SQLITE_TOOBIG")
_QUOTED_VALUE = re.compile(r""":? ?"[^"]*"$|: '[^']*'$""")

_SENTENCES = {
    "23502": "the column {column} must not be empty",
    "23503": "it refers to a row that does not exist (constraint {constraint})",
    "23505": "another row has the same value already (constraint {constraint})",
    "23514": "it breaks the check {constraint}",
    "23P01": "it conflicts with another row (constraint {constraint})",
}


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


def reason(error: BaseException) -> str:
    """Why the row was refused, as the end of a sentence. It names constraint and column, but no value."""
    inner = _inner(error)
    diagnosis = getattr(inner, "diag", None)
    sentence = _SENTENCES.get(code_of(error) or "")
    if sentence and diagnosis is not None:
        return sentence.format(column=diagnosis.column_name, constraint=diagnosis.constraint_name)
    return _QUOTED_VALUE.sub("", first_line(error))


def first_line(error: BaseException) -> str:
    """The first line of the error, without statement, parameters and DETAIL, since they repeat values."""
    inner = _inner(error)
    lines = str(inner).strip().splitlines()
    return f"{type(inner).__name__}: {lines[0]}" if lines else type(inner).__name__


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
