"""Puts the content of one SQLite file in the place of another, which is kept aside."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

from initdb.steps.backups.files import part_of, publish
from initdb.steps.backups.sqlite_copy import copy

_BESIDE = ("-wal", "-journal")
"""What the names of the files add in which SQLite keeps what is not in the database's file yet."""


def keep_aside(live: sqlite3.Connection, aside: Path) -> None:
    """Copy a database under another name. It need not be sound, since that may be why it is replaced.

    Args:
        live: The database.
        aside: The path of the copy, at which there is nothing.

    Raises:
        sqlite3.Error, OSError: It could not be copied.
    """
    copy(live, part_of(aside), checked=False)
    publish(part_of(aside), aside)


def overwrite(live: sqlite3.Connection, source: Path) -> None:
    """Write the content of a file into a database, in one transaction. Its journal mode stays.

    If the process is killed, SQLite itself rolls the transaction back.

    Args:
        live: The database, which nobody else uses.
        source: A sound file. Nobody else knows it, and it may be changed.

    Raises:
        sqlite3.Error: It did not work, and the database is as it was.
    """
    with contextlib.closing(sqlite3.connect(source, isolation_level=None)) as staged:
        (mode,) = live.execute("PRAGMA journal_mode").fetchone()
        # With a write-ahead log, SQLite cannot change the size of the pages.
        same = staged.execute("PRAGMA page_size").fetchone() == live.execute("PRAGMA page_size").fetchone()
        now = mode if same else "delete"
        for database in (live, staged):
            database.execute(f"PRAGMA journal_mode = {now}")
        staged.backup(live)
        live.execute(f"PRAGMA journal_mode = {mode}")


def leftovers(file: Path) -> tuple[str, ...]:
    """What there is of a database: each file by what its name adds to that of the database.

    Args:
        file: The database's file, which may be missing.
    """
    return tuple(suffix for suffix in ("", *_BESIDE) if file.with_name(file.name + suffix).exists())


def exchange(file: Path, source: Path, aside: Path) -> None:
    """Put a file in the place of one that is missing, or that is no database. Nobody has it open in SQLite.

    Args:
        file: The database's file.
        source: What takes its place, in the same folder.
        aside: The path at which the old file is kept.
    """
    old = file.stat() if file.exists() else None
    for suffix in leftovers(file):
        part = part_of(aside.with_name(aside.name + suffix))
        shutil.copyfile(file.with_name(file.name + suffix), part)
        part.chmod(0o600)
        publish(part, aside.with_name(aside.name + suffix))
    if old is not None:
        source.chmod(old.st_mode & 0o777)
        with contextlib.suppress(PermissionError):
            os.chown(source, old.st_uid, old.st_gid)
    for suffix in (*_BESIDE, "-shm"):
        # SQLite would play an old log into the new file.
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    publish(source, file)
