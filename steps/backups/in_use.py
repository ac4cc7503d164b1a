"""Holds a SQLite file alone, or says which other processes have it open."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from initdb.errors.classify import is_busy

WAIT = 1.0
"""For how many seconds a lock on the file is waited for."""


class InUse(Exception):
    """Another connection uses the file; the arguments name processes, as far as the system shows them."""


def openers(file: Path) -> tuple[str, ...]:
    """The other processes that have a file open, each with its name. Only those that this user may see.

    Args:
        file: The file.
    """
    import psutil

    found = []
    for process in psutil.process_iter():
        # A process may end meanwhile, or belong to somebody else.
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and any(_same(one.path, file) for one in process.open_files()):
                found.append(f"{process.name()} (process {process.pid})")
    return tuple(found)


def _same(path: str, file: Path) -> bool:
    return path == str(file) and Path(path).samefile(file)


@contextlib.contextmanager
def alone(file: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection that alone uses a file, for the length of a block.

    SQLite shows other connections: those that are open if there is a write-ahead log, else those that read or
    write. `locking_mode` keeps the lock from one transaction to the next.

    Args:
        file: The database, which exists.

    Raises:
        InUse: Another connection uses it.
        sqlite3.DatabaseError: It cannot be read as a database.
    """
    if names := openers(file):
        raise InUse(*names)
    uri = f"file:{quote(str(file))}?mode=rw"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=WAIT, isolation_level=None)) as live:
        try:
            live.execute("PRAGMA locking_mode = EXCLUSIVE")
            live.execute("BEGIN EXCLUSIVE")
            live.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if is_busy(error):
                raise InUse from error
            raise
        yield live
        # The lock, and what it keeps beside the file, go with the next read.
        live.execute("PRAGMA locking_mode = NORMAL")
        live.execute("SELECT count(*) FROM sqlite_schema").fetchone()
