"""The side file of a SQLite database: one of its bytes is locked by the process that works."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import threading
from pathlib import Path

from initdb.errors import InitError
from initdb.errors.known_names import of_file
from initdb.events.undo import on_error
from initdb.whose import Seen

SIDE_SUFFIX = "-initdb"
"""What its name adds to the name of the SQLite file that it is beside."""

LOCKED = 0x40000001
"""The byte that is locked. SQLite locks it for BEGIN IMMEDIATE (RESERVED_BYTE in `os.h`), which is how 0.1.0
uses this file, so that processes of both versions exclude each other."""

_SAFELY = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_TRIES = 10
"""How often another file may stand under the name once it was opened."""

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_HELD_BY_OTHERS = (errno.EACCES, errno.EAGAIN)
_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class SideLock:
    """The lock on a side file. It ends with this process. A process that is forked does not have it."""

    def __init__(self, place: tuple[int, int], descriptor: int) -> None:
        self.place = place
        self.descriptors = [descriptor]
        """The first is locked. The others are only kept open, since to close one would drop the lock."""

    def alive(self) -> bool:
        """Whether this process has the lock. If other code of it has dropped the lock, it is taken again."""
        with _mine.mutex, contextlib.suppress(OSError):
            return bool(self.descriptors) and _locked(self.descriptors[0])
        return False

    def release(self) -> None:
        """Release the lock. It never raises."""
        with _mine.mutex:
            if _mine.held.get(self.place) is self:
                del _mine.held[self.place]
            self.close()

    def close(self) -> None:
        """Close the descriptors, and with them the lock, if this process has it."""
        while self.descriptors:
            with contextlib.suppress(OSError):
                os.close(self.descriptors.pop())


class _Locks:
    """The locks of this process, by device and inode of their files.

    The system gives such a lock to a process, not to a thread, and drops it when the process closes any
    descriptor on that file. So a file that is in here is not opened a second time.
    """

    def __init__(self) -> None:
        self.mutex = threading.Lock()
        self.held: dict[tuple[int, int], SideLock] = {}


_mine = _Locks()


def beside(file: Path) -> Path:
    """The side file of a SQLite file."""
    return file.with_name(file.name + SIDE_SUFFIX)


def lock_beside(file: Path) -> SideLock | None:
    """Lock the side file without waiting. If there is none yet, it is made like the file of the database.

    Args:
        file: The file of the database, with symbolic links resolved. It need not exist.

    Returns:
        The lock; None if another process or another thread has it.

    Raises:
        InitError: "side-file-refused", "baton-unwritable" or "disk-full".
    """
    side = beside(file)
    try:
        with _mine.mutex:
            for _ in range(_TRIES):
                with contextlib.suppress(FileNotFoundError):
                    return _lock(file, side)
    except OSError as error:
        reference = "disk-full" if error.errno in _NO_ROOM else "baton-unwritable"
        if error.errno == errno.ELOOP:
            reference = "side-file-refused"
        raise _error(reference, file, f"{side}: {error.strerror}") from error
    raise _error("baton-unwritable", file, f"{side}: it was removed each time that it was locked")


def is_locked(side: Path) -> bool:
    """Whether a process, perhaps this one, has the lock. Nothing is made.

    False for a file that cannot be locked: no process works with it.

    Args:
        side: The side file.
    """
    with _mine.mutex, contextlib.suppress(OSError):
        found = os.lstat(side)
        if (found.st_dev, found.st_ino) in _mine.held:
            return True
        if not stat.S_ISREG(found.st_mode):
            return False
        descriptor = os.open(side, _SAFELY | os.O_RDONLY)
        if not _kept_open(descriptor):
            try:
                return not _locked(descriptor, fcntl.LOCK_SH)
            finally:
                os.close(descriptor)
        return True
    return False


def refused_beside(file: Path) -> str | None:
    """Why the side file of a database is not locked, in words; None if it is, or is not there. For a look.

    Args:
        file: The file of the database, with symbolic links resolved.
    """
    try:
        return _why_refused(file, os.lstat(beside(file)))
    except OSError:
        return None


def why_refused(side: Seen, like: Seen, folder: Seen, user: int) -> str | None:
    """Why a side file is not locked, in words; None if it is. Pure.

    It is this user's, root's, or that of the database's owner. Or the database is shared by a group, and only
    a member of that group can have made the side file: it has that group, and others may not make files here
    (in a folder with setgid, theirs would get its group).

    Args:
        side: The side file.
        like: The file of the database; where there is none, its folder.
        folder: The folder of both.
        user: The user of this process.
    """
    kind = stat.S_IFMT(side.mode)
    if kind != stat.S_IFREG:
        return f"it is {_KINDS.get(kind, 'no regular file')}"
    if side.names != 1:
        return f"it has {side.names} names (hard links)"
    shared = like.is_shared and side.group == like.group and not folder.is_open
    if side.owner in (user, 0, like.owner) or shared:
        return None
    return f"it belongs to user {side.owner}, and the database to user {like.owner}"


def _lock(file: Path, side: Path) -> SideLock | None:
    """One try.

    Raises:
        FileNotFoundError: The file was removed meanwhile.
    """
    with contextlib.suppress(FileNotFoundError):
        found = os.lstat(side)
        if (found.st_dev, found.st_ino) in _mine.held:
            return None
        _refuse_kind(file, side, found)  # before it is opened: that alone can move a tape
    descriptor = _opened(file, side)
    if _kept_open(descriptor):
        return None
    with on_error(os.close, descriptor):
        found = os.fstat(descriptor)
        _refuse(file, side, found)
        mine = _locked(descriptor)
        now = os.lstat(side) if mine else found
        if not os.path.samestat(found, now):
            raise FileNotFoundError
    if not mine:
        os.close(descriptor)
        return None
    place = found.st_dev, found.st_ino
    return _mine.held.setdefault(place, SideLock(place, descriptor))


def _opened(file: Path, side: Path) -> int:
    try:
        descriptor = os.open(side, _SAFELY | os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(side, _SAFELY | os.O_RDWR)
    with on_error(os.close, descriptor), contextlib.suppress(FileNotFoundError):
        like = file.stat()
        # Root may give both. Other users may at most give it to a group that they are in.
        for owner, group in ((like.st_uid, -1), (-1, like.st_gid)):
            with contextlib.suppress(PermissionError):
                os.fchown(descriptor, owner, group)
        os.fchmod(descriptor, like.st_mode & 0o666)
    return descriptor


def _kept_open(descriptor: int) -> bool:
    """Keep a descriptor open if it is on a file that this process has locked."""
    found = os.fstat(descriptor)
    held = _mine.held.get((found.st_dev, found.st_ino))
    if held is not None:
        held.descriptors.append(descriptor)
    return held is not None


def _locked(descriptor: int, how: int = fcntl.LOCK_EX) -> bool:
    """Lock the byte; False if another process has it."""
    try:
        fcntl.lockf(descriptor, how | fcntl.LOCK_NB, 1, LOCKED)
    except OSError as error:
        if error.errno in _HELD_BY_OTHERS:
            return False
        raise
    return True


def _refuse_kind(file: Path, side: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        _refuse(file, side, found)


def _why_refused(file: Path, found: os.stat_result) -> str | None:
    folder = like = Seen.of(file.parent.stat())
    with contextlib.suppress(FileNotFoundError):
        like = Seen.of(file.stat())
    return why_refused(Seen.of(found), like, folder, os.geteuid())


def _refuse(file: Path, side: Path, found: os.stat_result) -> None:
    if why := _why_refused(file, found):
        raise _error("side-file-refused", file, f"{side}: {why}")


def _error(reference: str, file: Path, said: str) -> InitError:
    return InitError(reference, said, database="sqlite", names=of_file(file, "DBFILE"))


def _begin_child() -> None:
    """Close the descriptors of a process that was forked. It has none of its parent's locks."""
    for held in _mine.held.values():
        held.close()
    _mine.held.clear()
    _mine.mutex = threading.Lock()  # another thread of the parent may have had it


os.register_at_fork(after_in_child=_begin_child)
