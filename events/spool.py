"""The spool: a local file that keeps notes while the database is unreachable, until a journal takes them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from initdb.events.canonical import decode, encode
from initdb.events.payloads.notes import Outage
from initdb.events.spool_file import is_ours, opened
from initdb.events.types import EVENTS, NOTES, SPOOLED

LINE_LIMIT = 16 * 2**10
"""How many bytes a line may have. A longer one is no note. A note that would be longer loses long values."""

FILE_LIMIT = 2**20
"""How many bytes of the file are read."""

NOTE_LIMIT = 1000
"""How many notes may wait. Where there are more, an outage is added to the one before it."""

_LONG = 500
"""How many characters a value keeps in a note that would be too long for its line."""

_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_TYPE = re.compile(r"[a-z0-9_]{1,64}")
_AT = re.compile(r"[ -~]{1,64}")

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
    of it would be worse. The file and its folder are used only if they are this user's, and no other user may
    write there.

    It is read as what it is, a file that other programs of this user can write: lines of another form are
    passed over, and so are types that no process puts there. Types of a newer version wait for one.

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
        """Append a note, and wait until it is on the disk.

        If the spool is full, an outage becomes part of the last one there, whose count grows. Another note
        waits in memory then.
        """
        line = _line(note)
        try:
            with opened(self.path, create=True) as descriptor:
                content = _content(descriptor)
                if len(content) + len(line) <= FILE_LIMIT and content.count(b"\n") < NOTE_LIMIT:
                    torn = content and not content.endswith(b"\n")
                    _append(descriptor, b"\n" * bool(torn) + line)
                    return
                if (joined := _joined(content, note)) is not None:
                    os.ftruncate(descriptor, 0)
                    _append(descriptor, joined)
                    return
        except OSError:
            pass
        _keep(_UNWRITTEN.setdefault(self.path, {}), note)

    def waiting(self) -> tuple[Note, ...]:
        """The notes that wait, each id once."""
        found = dict(_UNWRITTEN.get(self.path, {}))
        for path in self._paths():
            with contextlib.suppress(OSError), opened(path) as descriptor:
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
            with contextlib.suppress(OSError), opened(path) as descriptor:
                content = _content(descriptor)
                left = b"".join(_line(note) for note in _notes(content) if note.id not in ids)
                if left != content or os.fstat(descriptor).st_size > FILE_LIMIT:
                    os.ftruncate(descriptor, 0)
                    _append(descriptor, left)

    def files(self) -> tuple[Path, ...]:
        """The files that are there and can be used."""
        return tuple(path for path in self._paths() if is_ours(path))

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


def _append(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
    os.fsync(descriptor)


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, FILE_LIMIT, 0)


def _notes(content: bytes) -> Iterator[Note]:
    """The notes of a file, at most `NOTE_LIMIT`."""
    found = 0
    for line in content.split(b"\n"):
        if found < NOTE_LIMIT and (note := _parse(line)) is not None:
            found += 1
            yield note


def _parse(line: bytes) -> Note | None:
    """The note of a line. A newer version may know types that this one does not."""
    if len(line) >= LINE_LIMIT:
        return None
    try:
        found = decode(line.decode("ascii"))
        note = Note(found["id"], found["type"], found["at"], found["data"])
        named = _ID.fullmatch(note.id) and _TYPE.fullmatch(note.type) and _AT.fullmatch(note.at)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if not named or not isinstance(note.data, dict):
        return None
    ours = note.type in SPOOLED or note.type not in EVENTS.keys() | NOTES.keys()
    return note if ours else None


def _line(note: Note) -> bytes:
    """The line of a note, with its end. It never becomes longer than `LINE_LIMIT`."""
    line = _encoded(note)
    if len(line) > LINE_LIMIT:
        short = {key: value for key, value in note.data.items() if len(encode({"": value})) <= _LONG}
        line = _encoded(replace(note, data=short))
    return line if len(line) <= LINE_LIMIT else _encoded(replace(note, data={}))


def _encoded(note: Note) -> bytes:
    said = {"id": note.id, "type": note.type, "at": note.at, "data": note.data}
    return encode(said).encode("ascii") + b"\n"


def _joined(content: bytes, note: Note) -> bytes | None:
    """The lines of a full file, with an outage as part of the last one; None if there is none to join."""
    notes = {one.id: one for one in _notes(content)}
    return b"".join(map(_line, notes.values())) if _join(notes, note) else None


def _keep(notes: dict[str, Note], note: Note) -> None:
    """Keep a note in memory. Of too many the oldest is lost."""
    if len(notes) >= NOTE_LIMIT and _join(notes, note):
        return
    notes[note.id] = note
    while len(notes) > NOTE_LIMIT:
        del notes[next(iter(notes))]


def _join(notes: dict[str, Note], note: Note) -> bool:
    """Make an outage part of the last one in `notes`, under its own id; whether there is one."""
    older = next((one for one in reversed(notes.values()) if one.type == Outage.type), None)
    if older is None or note.type != Outage.type:
        return False
    before, now = Outage.read(older.data), Outage.read(note.data)
    both = replace(now, first=before.first, count=before.count + now.count)
    del notes[older.id]
    notes[note.id] = replace(note, data=both.data())
    return True
