"""The files of the backups of one database: their names, their place, and how they get them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

BACKUP, REPLACED, STAGED = "backup", "replaced", "staged"
"""The kinds of files: made before a change; put aside by a restore; about to be restored."""

_PART = ".part"
_PIECE = 2**20


@dataclass(frozen=True, slots=True)
class Shelf:
    """The place of the backups of one database.

    A name has the database, the time in UTC and the end of the journal's id, as in
    `shop.db.20261123T080641Z-1f3c9a7b.backup`. So databases of the same name may share a folder, and names
    sort by time.

    Args:
        folder: Where the files are.
        name: The name of the database, or of its file.
        journal: The id of its journal; empty if it is not known. Then files of any journal count.
    """

    folder: Path
    name: str
    journal: str

    def make_room(self, now: datetime) -> Path:
        """Make the folder if it is missing, and remove what an interrupted process has left there.

        Call it with the baton held.

        Args:
            now: The time, in UTC.

        Returns:
            The path of a new backup.
        """
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.remove_halves()
        return self.new(now)

    def new(self, now: datetime, kind: str = BACKUP) -> Path:
        """A path that no file has, and that comes after those of all files of its second.

        Args:
            now: The time, in UTC.
            kind: BACKUP or REPLACED.
        """
        stamp = f"{now:%Y%m%dT%H%M%SZ}"
        number = 1 + max((last for time, last in map(_by_time, self.found()) if time == stamp), default=0)
        more = f"-{number}" if number > 1 else ""
        return self.folder / f"{self._stem}.{stamp}{more}-{self._mark}.{kind}"

    def found(self, *kinds: str) -> list[Path]:
        """The files that are there, the oldest first.

        Args:
            kinds: Which; by default all that are complete.
        """
        known = "|".join(kinds or (BACKUP, REPLACED))
        return self._matching(rf"\.\d{{8}}T\d{{6}}Z(-\d+)?-{self._any_mark}\.({known})")

    def remove_halves(self) -> None:
        """Remove what an interrupted process has left. Call it with the baton held."""
        form = rf"\.\d{{8}}T\d{{6}}Z(-\d+)?-{self._mark}\.\w+(-\w+)?{re.escape(_PART)}(-\w+)?"
        for path in self._matching(form) if self.journal else ():
            remove(path)

    def _matching(self, pattern: str) -> list[Path]:
        form = re.compile(re.escape(self._stem) + pattern)
        if not self.folder.is_dir():
            return []
        found = [path for path in self.folder.iterdir() if form.fullmatch(path.name)]
        return sorted(found, key=_by_time)

    @property
    def _stem(self) -> str:
        return re.sub(r"[^\w.@+-]", "_", self.name)

    @property
    def _mark(self) -> str:
        return re.sub(r"\W", "", self.journal)[-8:]

    @property
    def _any_mark(self) -> str:
        return self._mark or r"\w{8}"


def part_of(path: Path) -> Path:
    """The name that a file has until it is complete.

    Args:
        path: Its name afterwards.
    """
    return path.with_name(path.name + _PART)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it; nothing if there is none. A link is not followed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def like(copy: Path, original: Path) -> None:
    """Give a copy the mode and, as far as the system allows it, the owner of the original.

    Args:
        copy: The copy, which this process has made.
        original: The file that was copied.
    """
    of = original.stat()
    with contextlib.suppress(PermissionError):
        os.chown(copy, of.st_uid, of.st_gid)
    copy.chmod(of.st_mode & 0o777)


def publish(part: Path, path: Path) -> None:
    """Give a complete file its name, and wait until all of it is on the disk.

    Args:
        part: The file, or a folder of files.
        path: Its name.
    """
    for file in _files(part):
        _sync(file)
    _sync(part)
    part.rename(path)
    _sync(path.parent)


def size_and_digest(path: Path) -> tuple[int, str]:
    """The size in bytes and the SHA-256 of a file; of a folder those of its files, in the order of their
    names.

    Args:
        path: The file or the folder.
    """
    size, digest = 0, hashlib.sha256()
    for file in _files(path):
        if file != path:
            digest.update(f"{file.relative_to(path).as_posix()}\0".encode())
        with file.open("rb") as stream:
            while piece := stream.read(_PIECE):
                size += len(piece)
                digest.update(piece)
    return size, digest.hexdigest()


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if file.is_file())


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _by_time(path: Path) -> tuple[str, int]:
    """The time in a name, and which of its second it is."""
    found = re.search(r"\.(\d{8}T\d{6}Z)(?:-(\d+))?-[^-]+$", path.name)
    return (found[1], int(found[2] or 1)) if found else ("", 0)
