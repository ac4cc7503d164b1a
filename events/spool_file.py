"""Opens the file of a spool, in a folder of this user, without following a link, and locks it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from initdb.events.undo import on_error

_sleep = time.sleep

_SAFELY = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@contextlib.contextmanager
def opened(path: Path, *, create: bool = False) -> Iterator[int]:
    """Open the file and lock it, for the length of a block.

    Args:
        path: The file.
        create: Whether it, and its folder, are made where they are missing.

    Raises:
        OSError: There is none; or the file or its folder is a link, the folder belongs to another user
            (root's will do), or the file does, or can be written by one.
    """
    descriptor = _file(path, create)
    try:
        _lock(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def is_ours(path: Path) -> bool:
    """Whether the file is there, and is one that `opened` opens."""
    with contextlib.suppress(OSError):
        os.close(_file(path, False))
        return True
    return False


def is_usable(path: Path) -> bool:
    """Whether `opened` could open the file, or make it. Nothing is made."""
    try:
        if os.path.lexists(path):
            return is_ours(path)
        if os.path.lexists(path.parent):
            os.close(_folder(path.parent, False))
            return os.access(path.parent, os.W_OK | os.X_OK)
        above = _trusted(path.parent)
    except OSError:
        return False
    return above.is_dir() and os.access(above, os.W_OK | os.X_OK)


def _file(path: Path, create: bool) -> int:
    how = os.O_RDWR | os.O_APPEND | _SAFELY | (os.O_CREAT if create else 0)
    folder = _folder(path.parent, create)
    try:
        descriptor = os.open(path.name, how, 0o600, dir_fd=folder)
    finally:
        os.close(folder)
    with on_error(os.close, descriptor):
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            raise PermissionError(f"{path} is no regular file with one name")
        if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise PermissionError(f"{path} belongs to another user, or can be written by one")
    return descriptor


def _folder(path: Path, create: bool) -> int:
    if create:
        _trusted(path)
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | _SAFELY)
    with on_error(os.close, descriptor):
        if os.fstat(descriptor).st_uid not in (0, os.geteuid()):
            raise PermissionError(f"{path} belongs to another user")
    return descriptor


def _trusted(folder: Path) -> Path:
    """The nearest folder that is there. Root makes none below a folder of another user, who could replace a
    part of the path by a link."""
    above = next(place for place in (folder, *folder.parents) if os.path.lexists(place))
    if above != folder and os.geteuid() == 0 and above.stat().st_uid != 0:
        raise PermissionError(f"{above} belongs to another user")
    return above


def _lock(descriptor: int) -> None:
    """Wait for the lock for at most a second: a stopped process that has it must not stop the others."""
    for _ in range(100):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _sleep(0.01)
        else:
            return
