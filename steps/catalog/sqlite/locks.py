"""Finds the processes that hold locks on the file of a SQLite database. Only Linux shows them.

The bytes that SQLite locks: https://www.sqlite.org/walformat.html and `os.h` of its source.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator
from pathlib import Path

import psutil

from initdb.steps.catalog.asking import Ask
from initdb.steps.catalog.lock_holder import LockHolder

LOCKS = Path("/proc/locks")
PENDING, RESERVED, LAST_SHARED = 0x40000000, 0x40000001, 0x40000002 + 509
WAL_WRITE = 120

_FILE = "SELECT file FROM pragma_database_list WHERE name = 'main'"


def lock_holders(ask: Ask, *, readers: bool) -> tuple[LockHolder, ...]:
    """See `initdb.steps.catalog.port.Content.lock_holders`."""
    name = ask(_FILE)[0][0]
    return file_lock_holders(Path(name), readers=readers) if name else ()


def file_lock_holders(file: Path, *, readers: bool = False) -> tuple[LockHolder, ...]:
    """The processes that write to a SQLite file; if there are none, those whose reading makes writers wait.

    Only the operating system is asked, because a locked file may not be readable.

    Args:
        file: The database.
        readers: Whether processes that read count. They make writers wait only without a write-ahead log.
    """
    found = dict.fromkeys(_writers(file), "writing")
    if not found and readers and not _beside(file, "-wal").exists():
        found = dict.fromkeys(_locked(file, "READ", PENDING, LAST_SHARED), "reading")
    own = found.pop(os.getpid(), None)
    if not found and own:
        return (LockHolder((file.name,), os.getpid(), application="this process", doing=own),)
    return tuple(
        LockHolder((file.name,), pid, application=_command(pid), doing=doing) for pid, doing in found.items()
    )


def processes(pids: Collection[int]) -> tuple[LockHolder, ...]:
    """See `initdb.steps.catalog.port.Content.processes`."""
    return tuple(LockHolder((), pid, application=_command(pid)) for pid in pids if psutil.pid_exists(pid))


def _writers(file: Path) -> Iterator[int]:
    yield from _locked(file, "WRITE", PENDING, LAST_SHARED)
    yield from _locked(_beside(file, "-shm"), "WRITE", WAL_WRITE, WAL_WRITE)


def _beside(file: Path, suffix: str) -> Path:
    return file.with_name(file.name + suffix)


def _locked(file: Path, kind: str, first: int, last: int) -> Iterator[int]:
    """The processes that hold such a lock on one of these bytes of the file.

    A line of /proc/locks: `1: POSIX  ADVISORY  WRITE 4711 fe:01:131090 1073741824 1073742335`.
    """
    with contextlib.suppress(OSError, ValueError):
        at = file.stat()
        place = f"{os.major(at.st_dev):02x}:{os.minor(at.st_dev):02x}:{at.st_ino}"
        for line in LOCKS.read_text().splitlines():
            words = line.split()
            if words[1:2] != ["POSIX"] or words[3] != kind or words[5] != place or int(words[4]) <= 0:
                continue
            end = last if words[7] == "EOF" else int(words[7])
            if int(words[6]) <= last and end >= first:
                yield int(words[4])


def _command(pid: int) -> str:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return ""
