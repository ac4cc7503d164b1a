"""Judges the file of a SQLite database: whether it is there, who may write it, on what disk it lies."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from initdb.doctor.finding import Finding, from_error, ok, problem, warning
from initdb.errors import InitError
from initdb.errors.files import room, why_not_opened
from initdb.errors.known_names import of_file
from initdb.events.side_file import SIDE_SUFFIX, beside, refused_beside
from initdb.steps.engines.sqlite_files import NETWORK, file_system

LEAST_ROOM = 16 * 2**20
"""How many bytes a disk should have left. A repair or a batch migration copies a whole table."""

_COMPANIONS = ("-wal", "-shm", "-journal", SIDE_SUFFIX)


@dataclass(frozen=True, slots=True)
class DatabaseFile:
    """The file of a SQLite database.

    Attributes:
        path: The file.
        exists: Whether it is there.
        refused: Why this process cannot open it to write; None if it can.
        mode: Its mode; None if it does not exist.
        folder_mode: The mode of its folder; None if that does not exist.
        locked_away: The files beside it that this process may not write.
        side_refused: Why no run would lock the side file; None if it would.
        system: The type of the file system.
        room: How many bytes the disk has left; None if that is not known.
        size: How many bytes the file has.
    """

    path: Path
    exists: bool
    refused: InitError | None
    mode: int | None
    folder_mode: int | None
    locked_away: tuple[Path, ...]
    side_refused: str | None
    system: str | None
    room: int | None
    size: int


def gather_file(path: Path) -> DatabaseFile:
    """Look at the file from outside. It is not opened: that could create it, or drop locks on it.

    Args:
        path: The file.
    """
    exists = path.exists()
    found = why_not_opened(path)
    said = InitError(found[0], *found[1], database="sqlite", names=_names(path)) if found else None
    companions = (path.with_name(path.name + end) for end in _COMPANIONS)
    return DatabaseFile(
        path=path,
        exists=exists,
        refused=said,
        mode=path.stat().st_mode if exists else None,
        folder_mode=path.parent.stat().st_mode if path.parent.exists() else None,
        locked_away=tuple(one for one in companions if one.exists() and not os.access(one, os.W_OK)),
        side_refused=refused_beside(path.resolve()),
        system=file_system(path),
        room=room(path),
        size=path.stat().st_size if exists else 0,
    )


def _names(path: Path) -> dict[str, str]:
    """The names in an error's texts. FILE is what has to be changed: the file, or the folder around it."""
    closed = path if path.exists() and not os.access(path, os.W_OK) else path.parent
    return {**of_file(path, "DBFILE"), "FILE": str(closed.absolute())}


def judge_file(found: DatabaseFile) -> Iterator[Finding]:
    """The findings about the file. Pure."""
    if found.refused is not None:
        yield from_error("database", found.refused)
    elif not found.exists:
        said = f"The file {found.path} does not exist yet: the next run creates it."
        yield warning("database", said, "If the path is wrong, correct it; else: initdb run")
    else:
        yield ok("database", f"The file {found.path} can be read and written ({found.size:,} bytes).")
    for file in found.locked_away:
        yield problem(
            "privileges",
            f"This process may not write {file}, which SQLite or initdb needs beside the database.",
            f"chown --reference={found.path} {file} && chmod --reference={found.path} {file}",
        )
    if found.side_refused is not None:
        side = beside(found.path)
        yield problem(
            "privileges",
            f"No run can lock {side}: {found.side_refused}.",
            f"mv {side} {found.path}-refused",
        )
    if found.mode is not None and found.mode & stat.S_IWOTH:
        yield warning("privileges", f"Every user may write {found.path}.", f"chmod o-w {found.path}")
    if (found.folder_mode or 0) & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH:
        folder = found.path.parent
        yield warning(
            "privileges",
            f"Every user may write to the folder {folder}, and so replace the database.",
            f"chmod o-w {folder}",
        )
    yield from _disk(found)


def _disk(found: DatabaseFile) -> Iterator[Finding]:
    if found.system in NETWORK:
        yield warning(
            "database",
            f"{found.path} lies on a network file system ({found.system}): SQLite cannot rely on its locks.",
            "Move it to a local disk, or use PostgreSQL",
        )
    if found.room is not None and found.room < LEAST_ROOM:
        yield warning(
            "database",
            f"The disk of {found.path} has only {found.room:,} bytes left.",
            f"Make room on it: df -h {found.path.parent}",
        )
