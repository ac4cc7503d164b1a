"""The spool: a local file that keeps notes while the database is unreachable, until a journal takes them."""

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

_UNWRITTEN: dict[Path, dict[str, Note]] = {}
"""For each spool the notes that could not be written."""


@dataclass(frozen=True, slots=True)
class Note:
    """One event that waits in the spool.

    Attributes:
        id: Its identifier. By it the journal takes the note only once, however often it is offered.
        type: The type of the event.
        at: When it happened.
        data: The event's data.
    """

    id: str
    type: str
    at: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Spool:
    """A file with one line of JSON for each note, mode 0600. Its methods raise no OSError.

    If it cannot be written, its notes wait in memory as long as this process lives: a boot that fails because
    of it would be worse.

    Args:
        path: The file.
        older: The file of 0.1.0. Its notes are offered too, and are removed there once a journal has them.

    Example:
        >>> spool = Spool(Path("notes.jsonl"))
        >>> spool.put(Note("1", "outage", "2026-11-23T08:06:41.218903Z", {"count": 3}))
        >>> [note.data for note in spool.waiting()]
        [{'count': 3}]
        >>> spool.drop(["1"])
        >>> spool.waiting()
        ()
    """

    path: Path
    older: Path | None = None

    @classmethod
    def beside(cls, url: str, application: str = "") -> Spool:
        """The spool of one journal. The hash of both arguments is its name.

        Args:
            url: The URL of the database, without the password.
            application: The owner of the journal; empty for the default owner.
        """
        whose = f"{url}\n{application}" if application else url
        name = hashlib.sha256(whose.encode("utf-8", "backslashreplace")).hexdigest()[:32] + ".jsonl"
        path, older = _folder() / name, _folder_of_0_1_0() / name
        return cls(path, None if older == path else older)

    def put(self, note: Note) -> None:
        """Append a note, and wait until it is on the disk."""
        line = encode({"id": note.id, "type": note.type, "at": note.at, "data": note.data})
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _opened(self.path, os.O_CREAT) as descriptor:
                end = os.fstat(descriptor).st_size
                torn = end > 0 and os.pread(descriptor, 1, end - 1) != b"\n"
                _append(descriptor, (b"\n" if torn else b"") + line.encode("ascii") + b"\n")
        except OSError:
            _UNWRITTEN.setdefault(self.path, {})[note.id] = note

    def waiting(self) -> tuple[Note, ...]:
        """The notes that wait, each id once. A line that is incomplete, or no note, is skipped."""
        found = dict(_UNWRITTEN.get(self.path, {}))
        for path in self._paths():
            with contextlib.suppress(OSError), _opened(path) as descriptor:
                found |= {note.id: note for note in _notes(_content(descriptor))}
        return tuple(found.values())

    def drop(self, taken: Iterable[str]) -> None:
        """Remove notes that a journal has taken. Notes that were added meanwhile remain.

        Args:
            taken: The identifiers of the notes to remove.
        """
        ids = set(taken)
        for id in ids:
            _UNWRITTEN.get(self.path, {}).pop(id, None)
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

    def files(self) -> tuple[Path, ...]:
        """The files that are there."""
        return tuple(path for path in self._paths() if path.exists())

    def _paths(self) -> tuple[Path, ...]:
        return (self.path,) if self.older is None else (self.older, self.path)


def _folder() -> Path:
    """The user's folder for the state of programs. A user without a home gets a temporary one."""
    from platformdirs import user_state_path  # only a run or an outage asks, not a boot of a ready database

    with contextlib.suppress(RuntimeError):
        folder = user_state_path("initdb")
        if folder.is_absolute():  # before platformdirs 4.12 an unknown home stays "~"
            return folder
    return _temporary()


def _folder_of_0_1_0() -> Path:
    """Where 0.1.0 kept the spool: it read the home from the environment alone, and had no rule for macOS."""
    if state := os.environ.get("XDG_STATE_HOME"):
        return Path(state, "initdb")
    if home := os.environ.get("HOME"):
        return Path(home, ".local/state/initdb")
    return _temporary()


def _temporary() -> Path:
    """A folder of this user for temporary files. If the system has none, a path that cannot exist."""
    try:
        return Path(tempfile.gettempdir(), f"initdb-{os.getuid()}")
    except FileNotFoundError:
        return Path(os.devnull, "initdb")


@contextlib.contextmanager
def _opened(path: Path, create: int = 0) -> Iterator[int]:
    """Open a file and lock it. A symbolic link and the file of another user are refused."""
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | create, 0o600)
    try:
        if os.fstat(descriptor).st_uid != os.geteuid():
            raise PermissionError(f"{path} belongs to another user")
        _lock(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Wait for the lock for at most a second: a stopped process that has it must not stop the others."""
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
