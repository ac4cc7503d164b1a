"""Finds the row of the catalogue for an error of SQLite, by its result code and by the state of the file."""

from __future__ import annotations

from pathlib import Path

from initdb.errors import files
from initdb.errors.driver import DriverError
from initdb.errors.from_postgresql import bad_value, broken_constraint

ERROR, READONLY, IOERR, CANTOPEN, CONSTRAINT, MISMATCH = 1, 8, 10, 14, 19, 20
READONLY_DBMOVED = 1032

# Source: https://www.sqlite.org/rescode.html
_CODES = {
    3: "file-permission-denied",  # PERM
    5: "lock-timeout",  # BUSY
    6: "lock-timeout",  # LOCKED
    7: "server-out-of-resources",  # NOMEM
    9: "statement-cancelled",  # INTERRUPT
    11: "database-corrupt",  # CORRUPT
    13: "disk-full",  # FULL
    15: "lock-timeout",  # PROTOCOL
    23: "database-permission-denied",  # AUTH
    26: "not-a-database",  # NOTADB
}

Found = tuple[str | None, tuple[str, ...], Path | None]

_BY_FILE = {CANTOPEN: "connection-failed", READONLY: "read-only-database", IOERR: "disk-error"}
"""The reference where nothing is wrong with the file as it is now."""


def sqlite_reference(error: DriverError, doing: str, path: Path | None) -> Found:
    """The reference for `error`, and facts about the file.

    Args:
        error: The error.
        doing: The work that failed.
        path: The database file; None if the database is in memory, or the file is not known.

    Returns:
        The reference, None if only the work that failed decides; the facts, one line each, and the
        file or folder that they are about.
    """
    if error.primary in {CANTOPEN, READONLY, IOERR}:
        return _by_file(error, path)
    if error.primary == CONSTRAINT:
        return broken_constraint(doing), (), None
    if error.primary == MISMATCH:
        return bad_value(doing), (), None
    if error.primary in {0, ERROR}:
        return _by_words(error.text, doing), (), None
    return _CODES.get(error.primary), (), None


def _by_file(error: DriverError, path: Path | None) -> tuple[str, tuple[str, ...], Path | None]:
    if error.sqlite_code == READONLY_DBMOVED:
        return "connection-lost", ("The file was moved or deleted while it was open.",), None
    found = {CANTOPEN: files.why_not_opened, READONLY: files.why_not_written}.get(error.primary)
    if found is not None and (why := found(path)):
        return why
    # The WAL, its index or the rollback journal may be the file for which there was no room.
    return ("disk-full" if files.is_disk_full(path) else _BY_FILE[error.primary]), (), None


def _by_words(text: str, doing: str) -> str | None:
    """SQLITE_ERROR means no more than "SQL error", so its few fixed messages are read."""
    if doing == "schema" and "already exists" in text:
        return "conflicting-object"
    if doing == "seed" and text.startswith("no such table"):
        return "seed-table-unknown"
    if doing == "seed" and ("has no column named" in text or text.startswith("no such column")):
        return "seed-column-unknown"
    return None
