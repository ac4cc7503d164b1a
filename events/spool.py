"""The spool: a local file where notes wait while the database is unreachable, until a journal takes them."""

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

from initdb.events.canonical import decode, encode

_sleep = time.sleep


@dataclass(frozen=True, slots=True)
class Note:
    """One event that waits: `id` makes it enter the journal once, however often it is offered."""

    id: str
    type: str
    at: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Spool:
    """A file of one JSON line a note, mode 0600. Nothing here raises: losing a note is not worth a boot.

    Notes are put into `path`. What 0.1.0 left in `older` is offered too, and dropped there.
    """

    path: Path
    older: Path | None = None

    @classmethod
    def beside(cls, url: str, application: str = "") -> Spool:
        """The spool of a journal, named by the hash of its database's password-free URL and its owner."""
        whose = f"{url}\n{application}" if application else url
        name = hashlib.sha256(whose.encode("utf-8", "backslashreplace")).hexdigest()[:32] + ".jsonl"
        path, older = _folder() / name, _folder_of_0_1_0() / name
        return cls(path, None if older == path else older)

    def put(self, note: Note) -> None:
        """Append and fsync."""
        line = encode({"id": note.id, "type": note.type, "at": note.at, "data": note.data})
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _opened(self.path, os.O_CREAT) as descriptor:
                end = os.fstat(descriptor).st_size
                torn = end > 0 and os.pread(descriptor, 1, end - 1) != b"\n"
                _append(descriptor, (b"\n" if torn else b"") + line.encode("ascii") + b"\n")

    def waiting(self) -> tuple[Note, ...]:
        """The notes that wait, each id once; a torn or foreign line is passed over."""
        found: dict[str, Note] = {}
        for path in self._paths():
            with contextlib.suppress(OSError), _opened(path) as descriptor:
                found |= {note.id: note for note in _notes(_content(descriptor))}
        return tuple(found.values())

    def drop(self, taken: Iterable[str]) -> None:
        """Forget the notes that the journal has; one that came in between is kept."""
        ids = set(taken)
        for path in self._paths():
            with contextlib.suppress(OSError), _opened(path) as descriptor:
                content = _content(descriptor)
                lines = content.splitlines(keepends=True)
                left = b"".join(
                    line for line in lines if (note := _parse(line)) is not None and note.id not in ids
                )
                if left != content:
                    os.ftruncate(descriptor, 0)
                    _append(descriptor, left)

    def _paths(self) -> tuple[Path, ...]:
        return (self.path,) if self.older is None else (self.older, self.path)


def _folder() -> Path:
    """The user's folder for such files; a user without a home has none."""
    from platformdirs import user_state_path  # only a run or an outage asks, not a boot of a ready database

    with contextlib.suppress(RuntimeError):
        folder = user_state_path("initdb")
        if folder.is_absolute():  # before platformdirs 4.12 an unknown home stays "~"
            return folder
    return _temporary()


def _folder_of_0_1_0() -> Path:
    """It did not know macOS, and asked the environment alone for the home."""
    if state := os.environ.get("XDG_STATE_HOME"):
        return Path(state, "initdb")
    if home := os.environ.get("HOME"):
        return Path(home, ".local/state/initdb")
    return _temporary()


def _temporary() -> Path:
    """A folder of this user below the system's for temporary files; one that cannot exist if it has none."""
    try:
        return Path(tempfile.gettempdir(), f"initdb-{os.getuid()}")
    except FileNotFoundError:
        return Path(os.devnull, "initdb")


@contextlib.contextmanager
def _opened(path: Path, create: int = 0) -> Iterator[int]:
    """The file, locked for one process at a time. A link, or the file of somebody else, is not opened."""
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | create, 0o600)
    try:
        if os.fstat(descriptor).st_uid != os.geteuid():
            raise PermissionError(f"{path} belongs to another user")
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


def _notes(content: bytes) -> Iterator[Note]:
    return (note for line in content.splitlines() if (note := _parse(line)) is not None)


def _parse(line: bytes) -> Note | None:
    try:
        found = decode(line.decode("ascii"))
        return Note(str(found["id"]), str(found["type"]), str(found["at"]), dict(found["data"]))
    except (ValueError, KeyError, TypeError):
        return None
