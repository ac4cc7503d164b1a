"""Finds the row of the catalogue for an exception of a driver, the operating system or Python."""

from __future__ import annotations

from pathlib import Path

from initdb.errors.conditions import lines_of
from initdb.errors.driver import DriverError, Verify, driver_error
from initdb.errors.exception import InitError
from initdb.errors.files import in_the_way, sqlite_path
from initdb.errors.from_postgresql import postgresql_reference
from initdb.errors.from_python import OTHERS_CODE, python_reference, url_fault
from initdb.errors.from_sqlite import sqlite_reference
from initdb.errors.known_names import of_database, of_file
from initdb.errors.location import where
from initdb.errors.predicates import (
    is_busy,
    is_connection_lost,
    is_disk_full,
    is_lock_timeout,
    is_made_meanwhile,
    is_missing_table,
    is_read_only,
    is_serialization,
    is_too_many_connections,
)
from initdb.errors.privileges import grant_for
from initdb.errors.redact import url_text
from initdb.errors.withheld import kind_of, withhold

__all__ = [
    "VALUES",
    "classify",
    "is_busy",
    "is_connection_lost",
    "is_disk_full",
    "is_lock_timeout",
    "is_made_meanwhile",
    "is_missing_table",
    "is_passing",
    "is_read_only",
    "is_serialization",
    "is_too_many_connections",
]

_BY_WORK = {
    "connect": "connection-failed",
    "journal": "journal-unreadable",
    "append": "entry-refused",
    "inspect": "inspection-failed",
    "schema": "table-creation-failed",
    "index": "index-creation-failed",
    "constraint": "constraint-creation-failed",
    "adopt": "adoption-failed",
    "migrate": "revision-failed",
    "seed": "seed-failed",
    "validate": "validation-failed",
    "repair": "repair-failed",
    "rollback": "rollback-failed",
    "backup": "backup-failed",
}
"""The reference for a database error without a row of its own, by the work that failed."""

_BY_CODE = {"migrate": "revision-failed", "rollback": "rollback-failed", "seed": "seed-callable-failed"}
_BY_CODE |= {"validate": "validation-failed", "connect": "connection-failed", "backup": "backup-failed"}
"""The same for an exception that is not a database error."""


VALUES = "See the text that is left out here, with its values, on your terminal only: initdb {} --show-values"
_ASKS = {"connect": "status", "journal": "status", "rollback": "rollback", "validate": "validate"}
"""The command that meets the error again, by the work that failed. Without one: resume."""


def classify(
    exc: BaseException, *, doing: str, database: str, target: str = "", verify: Verify | None = None
) -> InitError:
    """Describe an exception by a row of the catalogue and its particulars. Never raises.

    The SQLSTATE decides, or SQLite's result code, errno, or the type. Only if there is no code, the words of
    the message do. An InitError is returned with the names that `target` gives. No text of the exception is
    repeated, since it may hold values.

    Args:
        exc: The exception, also one that SQLAlchemy has wrapped.
        doing: The work that failed: connect, journal, append, inspect, schema, index, constraint, adopt,
            migrate, seed, validate, repair or rollback.
        database: "sqlite" or "postgresql"; "" if it is not known.
        target: The object of the work, such as a URL, a revision or a seed file. It is the first line of the
            context. A URL also gives the names of the database, see `initdb.errors.fields`.
        verify: Asks the database for the tables, columns and constraints that the exception names; None if it
            cannot be asked.

    Example:
        >>> error = classify(ConnectionRefusedError(111, "Connection refused"), doing="connect", database="")
        >>> error.reference
        'connection-refused'
    """
    try:
        names = (of_database(target) if "://" in target else {}) | _file_of(exc)
        if isinstance(exc, InitError):
            return exc.with_names(names, database or None)
        found = _classified(exc, doing, database or None, target, verify)
        return found.with_advice(VALUES.format(_ASKS.get(doing, "resume"))).with_names(names)
    except Exception as second:  # the report of a failure must not fail
        said = f"{type(exc).__name__}, and {type(second).__name__} while it was described"
        return InitError("internal-error", said, database=database or None)


def _file_of(exc: BaseException) -> dict[str, str]:
    name = exc.filename if isinstance(exc, OSError | SyntaxError) else None
    return of_file(in_the_way(Path(name))) if isinstance(name, str) and name else {}


def is_passing(exc: BaseException) -> bool:
    """Whether `exc` can pass by itself, so that a retry may succeed without any change.

    Example:
        >>> is_passing(TimeoutError()), is_passing(PermissionError(13, "Permission denied"))
        (True, False)
    """
    return classify(exc, doing="journal", database="").rendered().passing


def _classified(
    exc: BaseException, doing: str, database: str | None, target: str, verify: Verify | None
) -> InitError:
    error = driver_error(exc)
    shown = url_text(target) if "://" in target else target
    withhold(exc)
    if error is None:
        return _python_failure(exc, doing, database, shown)
    found: tuple[str, ...] = ()
    file: Path | None = None
    if error.is_sqlite:
        reference, found, file = sqlite_reference(error, doing, sqlite_path(target))
    else:
        reference = postgresql_reference(error, doing)
    reference = reference or _BY_WORK.get(doing, "internal-error")
    context = (shown, *lines_of(error, verify), *found, *_own_place(exc, doing))
    names = of_file(file) if file is not None else None
    grant = _grant(error) if reference == "database-permission-denied" else None
    fix = f"Let its owner or a superuser run: {grant}; then: initdb resume" if grant else None
    return InitError(reference, *context, fix=fix, database=database, sqlstate=error.code, names=names)


def _grant(error: DriverError) -> str | None:
    """The statement that gives the privilege, if the server itself names it: a function may name anything."""
    return grant_for(error.lines[0]) if error.source == "aclchk.c" else None


def _python_failure(exc: BaseException, doing: str, database: str | None, shown: str) -> InitError:
    reference = python_reference(exc, doing) or _BY_CODE.get(doing, "internal-error")
    if reference == "bad-url":
        return InitError(reference, shown, url_fault(exc), database=database)
    # SQLAlchemy wraps what it meets while it prepares a statement.
    inner = getattr(exc, "orig", None)
    cause = inner if isinstance(inner, BaseException) else exc
    place = (f"at: {where(exc, ours_too=True)}",) if reference == "internal-error" else _own_place(exc, doing)
    return InitError(reference, shown, kind_of(cause), *place, database=database)


def _own_place(exc: BaseException, doing: str) -> tuple[str, ...]:
    """The line in the application's own code, if such code ran."""
    place = where(exc) if doing in OTHERS_CODE else ""
    return (f"at: {place}",) if place else ()
