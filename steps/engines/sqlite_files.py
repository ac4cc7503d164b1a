"""Where a SQLite file is, and what that means: a network file system, a folder that is not writable."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from initdb.events.sessions import database_file, is_memory

MOUNTS = Path("/proc/self/mountinfo")

NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs", "lustre"}
)
"""File systems whose POSIX locks are not reliable (https://www.sqlite.org/faq.html, question 5)."""


def cautions(engine: Engine, mounts: Path = MOUNTS, *, backup: bool = False) -> tuple[str, ...]:
    """Warnings about the place of the database, as sentences; none on PostgreSQL.

    Args:
        engine: The engine of the database.
        mounts: Where Linux lists its file systems.
        backup: Whether a backup is to be made before changes.
    """
    if backup and is_memory(engine):
        return ("A database in memory has no file to back up: no backup is made before changes.",)
    file = database_file(engine)
    kind = file_system(file, mounts) if file and _has_network(mounts) else None
    if kind not in NETWORK:
        return ()
    return (
        f"{file} lies on a network file system ({kind}), whose locks SQLite cannot rely on: "
        "two processes may write at once. Put it on a local disk, or use PostgreSQL.",
    )


def _has_network(mounts: Path) -> bool:
    """Whether any network file system is mounted: on most machines the list need not be taken apart."""
    try:
        text = mounts.read_text("utf-8", "replace")
    except OSError:
        return False
    return any(f" - {kind} " in text for kind in NETWORK)


def file_system(file: Path, mounts: Path = MOUNTS) -> str | None:
    """The type of the file system that holds a file; None if the machine does not say (proc(5)).

    Args:
        file: The file.
        mounts: Where Linux lists its file systems.
    """
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    found: dict[str, str] = {}
    for line in lines:
        left, _, right = line.partition(" - ")
        fields = left.split()
        if len(fields) > 4 and right:
            found[fields[4].replace("\\040", " ")] = right.split()[0]
    inside = [point for point in found if file.is_relative_to(point)]
    return found[max(inside, key=len)] if inside else None


def is_read_only(file: Path) -> bool:
    """Whether nothing can be written: SQLite needs the file, and the folder for its own journal."""
    return not (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK))


def untouched(file: Path) -> Engine:
    """Make an engine that reads the file and makes none beside it, also none that SQLite itself needs.

    Args:
        file: The file. With a journal beside it, it is read by SQLite's rules if that needs no new file.

    Raises:
        FileNotFoundError: There is no such file, or it cannot be read like that.
    """
    wal, shared, rollback = (file.with_name(f"{file.name}-{end}") for end in ("wal", "shm", "journal"))
    if not file.exists() or (wal.exists() and not shared.exists()):
        raise FileNotFoundError(file)
    if not wal.exists() and not rollback.exists():
        return immutable(file)
    return create_engine(f"sqlite:///file:{quote(str(file))}?mode=ro&uri=true", poolclass=NullPool)


def immutable(file: Path) -> Engine:
    """Make an engine that only reads the file, even in write-ahead mode in a folder that is not writable."""
    return create_engine(
        f"sqlite:///file:{quote(str(file))}?mode=ro&immutable=1&uri=true", poolclass=NullPool
    )
