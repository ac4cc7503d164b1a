"""Asks the file system why a database file cannot be opened or written.

It only calls `stat`, `access` and `statvfs`. To open and close a file that SQLite has open would drop this
process's locks on it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from urllib.parse import unquote

_EFFECTIVE = os.access in os.supports_effective_ids

Finding = tuple[str, tuple[str, ...], Path]
"""A reference, the facts as lines, and the file or folder that they are about."""


def sqlite_path(target: str) -> Path | None:
    """The file that a SQLite URL or a path names; None for a database in memory and for other URLs.

    Example:
        >>> sqlite_path("sqlite:////srv/app.db?mode=ro").as_posix()
        '/srv/app.db'
        >>> sqlite_path("sqlite://") is None
        True
    """
    scheme, separator, rest = target.partition("://")
    if separator and not scheme.startswith("sqlite"):
        return None
    name = (rest.partition("/")[2] if separator else target).partition("?")[0]
    name = unquote(name.removeprefix("file:")) if name.startswith("file:") else name
    return None if name in {"", ":memory:"} or "\0" in name else Path(name)


def why_not_opened(path: Path | None) -> Finding | None:
    """The reference and the facts for a file that SQLite could not open (SQLITE_CANTOPEN)."""
    if path is None:
        return None
    try:
        return _missing_folder(path) or _wrong_kind(path) or _read_only(path) or _not_permitted(path)
    except PermissionError as error:
        said = f"{error.filename} cannot be reached by {_user()}."
        return "file-permission-denied", (said,), in_the_way(Path(error.filename))
    except OSError as error:
        return "connection-failed", (f"{error.filename}: {error.strerror}",), path


def why_not_written(path: Path | None) -> Finding | None:
    """The reference and the facts for a file that SQLite could read but not write (SQLITE_READONLY)."""
    if path is None:
        return None
    try:
        return _read_only(path) or _not_permitted(path)
    except OSError:
        return None


def in_the_way(path: Path) -> Path:
    """The first folder above a file that this process may not enter; the file itself if there is none.

    Args:
        path: The file.
    """
    above = reversed(path.absolute().parents)
    return next((it for it in above if not os.access(it, os.X_OK, effective_ids=_EFFECTIVE)), path)


def is_disk_full(path: Path | None) -> bool:
    """Whether the file system has no free block, or no free inode for a new file.

    SQLite reports a failed sync as a disk I/O error, and a file that it cannot make as one that it cannot
    open.
    """
    found = _file_system(path)
    # File systems that make inodes as they are needed report none at all.
    return found is not None and (found.f_bavail == 0 or (found.f_files > 0 and found.f_favail == 0))


def room(path: Path | None) -> int | None:
    """How many bytes the file system has left for a file; None if that is not known.

    Args:
        path: The file.
    """
    found = _file_system(path)
    return found.f_bavail * found.f_frsize if found is not None else None


def _file_system(path: Path | None) -> os.statvfs_result | None:
    """What the file system of a file says of itself; None if it cannot be asked."""
    try:
        return os.statvfs(path.absolute().parent) if path is not None else None
    except OSError:
        return None


def _missing_folder(path: Path) -> Finding | None:
    for folder in reversed(path.absolute().parents):
        try:
            mode = folder.stat().st_mode
        except FileNotFoundError:
            return "folder-missing", (f"{folder} does not exist.",), path
        if not stat.S_ISDIR(mode):
            return "folder-missing", (f"{folder} is not a folder.",), path
    return None


def _read_only(path: Path) -> Finding | None:
    found = _file_system(path)
    if found is None or not found.f_flag & os.ST_RDONLY:
        return None
    return "read-only-database", (f"The file system of {path} is mounted read-only.",), path


def _wrong_kind(path: Path) -> Finding | None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISREG(mode):
        return None
    kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
    return "database-is-a-folder", (f"{path} is {kind}.",), path


def _not_permitted(path: Path) -> Finding | None:
    folder = path.absolute().parent
    for place, wanted in ((path, os.R_OK | os.W_OK), (folder, os.R_OK | os.W_OK | os.X_OK)):
        if place.exists() and not os.access(place, wanted, effective_ids=_EFFECTIVE):
            return "file-permission-denied", (_described(place),), place
    return None


def _described(place: Path) -> str:
    found = place.stat()
    return f"{place} ({stat.filemode(found.st_mode)}, owner {found.st_uid}) may not be written by {_user()}."


def _user() -> str:
    return f"user {os.geteuid()}"
