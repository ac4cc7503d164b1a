"""Reads the first line of a file with a password, if only those can read it who should."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

from initdb.errors import InitError
from initdb.errors.known_names import of_file
from initdb.whose import ROOT, user_name

SECRETS = Path("/run/secrets")
"""Where containers get their secrets, which root mounts there with mode 0444."""

LONGEST = 8192
"""How many bytes of the first line are read."""


def first_line(path: Path) -> str:
    """The first line of a file.

    The file must be this process's user's, or root's, and no other user may read it. Nobody but root can
    have mounted what is in /run/secrets or on a read-only file system, so there a file of root may have any
    mode by which others read it: a secret of a container is one of these. A group may read a file of root's
    (Kubernetes does it with fsGroup). A link is followed if it is this user's or root's: a mounted secret of
    Kubernetes is a link. A pipe is read to its first line, as for `<(pass show admin)`.

    Args:
        path: The file.

    Raises:
        InitError: `admin-password-unreadable`.
    """
    try:
        line = _read(path)
        said = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        reason = f"the first line of {path} is not valid UTF-8"
    except (OSError, ValueError) as error:
        reason = f"cannot read {path} ({getattr(error, 'strerror', None) or error})"
    else:
        if said:
            return said
        reason = f"the first line of {path} is empty"
    raise InitError("admin-password-unreadable", reason, names=of_file(path))


def _read(path: Path) -> bytes:
    _refuse_links(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) and not stat.S_ISFIFO(found.st_mode):
            raise OSError(None, "it is no file")
        mounted = _is_below(path, SECRETS) or bool(os.fstatvfs(descriptor).f_flag & os.ST_RDONLY)
        reason = reason_against(found.st_uid, found.st_mode, os.geteuid(), mounted=mounted)
        if reason:
            name = shlex.quote(str(path))
            fix = f"Let only the process's user read it: chmod 400 {name}, then: initdb resume"
            said = f"{path}: {reason}"
            raise InitError("admin-password-unreadable", said, fix=fix, names=of_file(path))
        os.set_blocking(descriptor, True)
        return file.readline(LONGEST).rstrip(b"\r\n")


def reason_against(owner: int, mode: int, user: int, *, mounted: bool) -> str:
    """Why a file with a password is not taken; empty if it is. Pure.

    Args:
        owner: The number of its owner.
        mode: Its mode.
        user: The number of this process's user.
        mounted: Whether only root can have put it there.

    Example:
        >>> reason_against(1000, 0o644, 1000, mounted=False)
        'its mode is 0644, so other users can read the password'
        >>> reason_against(0, 0o444, 1000, mounted=True)
        ''
    """
    if owner not in (user, ROOT):
        return f"it belongs to {user_name(owner)}, who can change it"
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"its mode is {mode & 0o777:04o}, so other users can change the password"
    by_group = mode & stat.S_IRGRP and owner == user
    if (mode & stat.S_IROTH or by_group) and not (mounted and owner == ROOT):
        return f"its mode is {mode & 0o777:04o}, so other users can read the password"
    return ""


def _refuse_links(path: Path) -> None:
    """Refuse a link that another user made: he would choose the password, or have another file read."""
    at = path
    for _ in range(40):
        if not at.is_symlink():
            return
        owner = at.lstat().st_uid
        if owner not in (os.geteuid(), ROOT):
            raise OSError(None, f"{at} is a link of {user_name(owner)}")
        at = at.parent / at.readlink()
    raise OSError(None, "too many links")


def _is_below(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())
