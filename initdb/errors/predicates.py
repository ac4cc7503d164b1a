"""Yes-or-no questions about an exception, for code that decides by it."""

from __future__ import annotations

import re

from initdb.errors.driver import DriverError, driver_error
from initdb.errors.libpq import connect_failure, says_lost

SQLITE_ERROR, SQLITE_BUSY, SQLITE_LOCKED, SQLITE_READONLY, SQLITE_FULL = 1, 5, 6, 8, 13

# Source: PostgreSQL manual, appendix A. 57P01 admin_shutdown, 57P02 crash_shutdown, 57P04 database_dropped,
# 57P05 idle_session_timeout, 25P03 idle_in_transaction_session_timeout, 25P04 transaction_timeout.
LOST_STATES = frozenset({"57P01", "57P02", "57P04", "57P05", "25P03", "25P04"})


_OF_THE_CATALOGUE = re.compile(r'"pg_[a-z_]+_index"')


GONE_BEFORE = "8s2b"
"""SQLAlchemy's code for a connection that an earlier statement lost, and whose error was ignored."""


def is_connection_lost(exc: BaseException) -> bool:
    """Whether an open connection ended. A COMMIT that was sent is then in doubt."""
    if getattr(exc, "code", None) == GONE_BEFORE:
        return True
    error = driver_error(exc)
    if error is None:
        return isinstance(exc, ConnectionResetError | ConnectionAbortedError | BrokenPipeError)
    return is_lost(error)


def is_lost(error: DriverError) -> bool:
    """`is_connection_lost` for facts that were read before. A dead server process sends no SQLSTATE."""
    if error.is_sqlite:
        return False
    if error.sqlstate is not None:
        return error.sqlstate in LOST_STATES or error.sqlstate.startswith("08")
    if connect_failure(error.text) is not None:
        return False
    return error.gone or says_lost(error.text)


def is_missing_table(exc: BaseException) -> bool:
    """Whether a statement named a table that does not exist (42P01; SQLite has no code for it)."""
    error = driver_error(exc)
    if error is None:
        return False
    if error.is_sqlite:
        return error.primary in {0, SQLITE_ERROR} and error.text.startswith("no such table")
    return error.sqlstate == "42P01"


def is_lock_timeout(exc: BaseException) -> bool:
    """Whether PostgreSQL did not grant a lock in time, or at once with NOWAIT (55P03)."""
    return _state(exc) == "55P03"


def is_busy(exc: BaseException) -> bool:
    """Whether another connection has locked SQLite's file or table (SQLITE_BUSY, SQLITE_LOCKED)."""
    error = driver_error(exc)
    return error is not None and error.primary in {SQLITE_BUSY, SQLITE_LOCKED}


def is_disk_full(exc: BaseException) -> bool:
    """Whether the disk of the database has no room left (53100, SQLITE_FULL)."""
    error = driver_error(exc)
    return error is not None and (error.sqlstate == "53100" or error.primary == SQLITE_FULL)


def is_too_many_connections(exc: BaseException) -> bool:
    """Whether the server had no free connection (53300, or libpq's message before there is a session)."""
    error = driver_error(exc)
    if error is None or error.is_sqlite:
        return False
    if error.sqlstate is None:
        return connect_failure(error.text) == "too-many-connections"
    return error.sqlstate == "53300"


def is_serialization(exc: BaseException) -> bool:
    """Whether the transaction lost against another one and can be retried (40001, 40P01)."""
    return _state(exc) in {"40001", "40P01"}


def is_made_meanwhile(exc: BaseException) -> bool:
    """Whether another transaction has just made what a CREATE was about to make.

    PostgreSQL finds that in a unique index of its catalogue (23505), also after IF NOT EXISTS.
    """
    error = driver_error(exc)
    return error is not None and error.sqlstate == "23505" and bool(_OF_THE_CATALOGUE.search(error.text))


def is_read_only(exc: BaseException) -> bool:
    """Whether the database is read-only (25006, SQLITE_READONLY)."""
    error = driver_error(exc)
    return error is not None and (error.sqlstate == "25006" or error.primary == SQLITE_READONLY)


def _state(exc: BaseException) -> str | None:
    error = driver_error(exc)
    return error.sqlstate if error else None
