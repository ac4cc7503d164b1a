"""Copies a SQLite database with SQLite's own backup, while others may use it, and checks the copy."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

PAGES = 1000
"""How many pages are copied before the process looks whether it is to stop."""

BUSY = 30.0
"""For how many seconds a copy waits for a process that writes."""

Tick = Callable[[int, int], None]
"""Is told how many pages are copied, and how many there are. It may raise, to stop."""


class Damaged(Exception):
    """A database whose own checks fail; the arguments are what they say, one line each."""


def copy(
    source: sqlite3.Connection,
    target: Path,
    tick: Tick = lambda done, of: None,
    *,
    checked: bool = True,
) -> None:
    """Copy a database as it is at one moment into a new file of mode 0600. It need not be on the disk yet.

    Args:
        source: The database, in no transaction.
        target: The new file, in a folder that exists.
        tick: See `Tick`.
        checked: Whether SQLite checks the copy.

    Raises:
        Damaged: The copy does not pass SQLite's integrity check, so neither does the source.
        sqlite3.Error, OSError: It could not be copied.
    """
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_RDWR, 0o600))
    with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as copied:
        # Nobody else knows the file yet, and it is synced as a whole when it is complete.
        copied.execute("PRAGMA synchronous = OFF")
        copied.execute("PRAGMA journal_mode = MEMORY")
        with _one_moment(source):
            source.backup(copied, pages=PAGES, progress=lambda _, left, of: tick(of - left, of))
        if checked:
            check(copied)


def check(database: sqlite3.Connection) -> None:
    """Let SQLite check a whole database.

    Args:
        database: The database.

    Raises:
        Damaged: It finds something.
        sqlite3.DatabaseError: It is damaged so much that it cannot be read.
    """
    found = [str(row[0]) for row in database.execute("PRAGMA integrity_check(10)")]
    if found != ["ok"]:
        raise Damaged(*found)


@contextlib.contextmanager
def opened(file: Path, *, immutable: bool = False) -> Iterator[sqlite3.Connection]:
    """Open a file that exists, for the length of a block, without a transaction.

    Args:
        file: The database.
        immutable: Whether it is certain that nobody writes to it. Then no other file is made beside it.
    """
    how = "mode=ro&immutable=1" if immutable else "mode=rw"
    uri = f"file:{quote(str(file))}?{how}"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=BUSY, isolation_level=None)) as found:
        yield found


@contextlib.contextmanager
def _one_moment(source: sqlite3.Connection) -> Iterator[None]:
    """Read in one transaction. Otherwise the copy would begin anew whenever another connection writes."""
    source.execute("BEGIN")
    try:
        source.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        yield
    finally:
        source.execute("ROLLBACK")
