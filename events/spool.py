"""Notes that could not be written because there was no database: kept in a file until a journal takes
them."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from initdb.events.canonical import decode, encode

_sleep = time.sleep


@dataclass(frozen=True, slots=True)
class Note:
    """One event that waits: `id` makes it enter the journal once, however often it is offered."""

    id: str
    type: str
    at: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Spool:
    """A file of one JSON line a note, mode 0600. Nothing here raises: losing a note is not worth a boot."""

    path: Path

    @classmethod
    def beside(cls, url: str, application: str = "", environ: Mapping[str, str] | None = None) -> Spool:
        """The spool of a journal, named by the hash of its database's password-free URL and its owner."""
        env = os.environ if environ is None else environ
        whose = f"{url}\n{application}" if application else url
        name = hashlib.sha256(whose.encode("utf-8", "backslashreplace")).hexdigest()[:32] + ".jsonl"
        home = env.get("XDG_STATE_HOME") or (
            str(Path(env["HOME"], ".local/state")) if env.get("HOME") else ""
        )
        folder = Path(home, "initdb") if home else Path(tempfile.gettempdir(), f"initdb-{os.getuid()}")
        return cls(folder / name)

    def put(self, note: Note) -> None:
        """Append and fsync."""
        line = encode({"id": note.id, "type": note.type, "at": note.at, "data": note.data})
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._opened(os.O_CREAT) as descriptor:
                end = os.fstat(descriptor).st_size
                torn = end > 0 and os.pread(descriptor, 1, end - 1) != b"\n"
                _append(descriptor, (b"\n" if torn else b"") + line.encode("ascii") + b"\n")

    def waiting(self) -> tuple[Note, ...]:
        """The notes in the file, each id once; a torn or foreign line is passed over."""
        with contextlib.suppress(OSError), self._opened() as descriptor:
            return tuple(_notes(_content(descriptor)))
        return ()

    def drop(self, taken: Iterable[str]) -> None:
        """Forget the notes that the journal has; one that came in between is kept."""
        ids = set(taken)
        with contextlib.suppress(OSError), self._opened() as descriptor:
            content = _content(descriptor)
            lines = content.splitlines(keepends=True)
            left = b"".join(
                line for line in lines if (note := _parse(line)) is not None and note.id not in ids
            )
            if left != content:
                os.ftruncate(descriptor, 0)
                _append(descriptor, left)

    @contextlib.contextmanager
    def _opened(self, create: int = 0) -> Iterator[int]:
        """The file, locked for one process at a time. A link, or the file of somebody else, is not opened."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | create, 0o600)
        try:
            if os.fstat(descriptor).st_uid != os.geteuid():
                raise PermissionError(f"{self.path} belongs to another user")
            _lock(descriptor)
            yield descriptor
        finally:
            os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Wait a second at most: a process that was stopped while it had the lock must not stop others."""
    for _ in range(100):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _sleep(0.01)
        else:
            return


def _append(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
    os.fsync(descriptor)


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _notes(content: bytes) -> Iterable[Note]:
    found = {note.id: note for line in content.splitlines() if (note := _parse(line)) is not None}
    return found.values()


def _parse(line: bytes) -> Note | None:
    try:
        found = decode(line.decode("ascii"))
        return Note(str(found["id"]), str(found["type"]), str(found["at"]), dict(found["data"]))
    except (ValueError, KeyError, TypeError):
        return None
