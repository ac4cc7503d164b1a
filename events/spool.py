"""Notes that could not be written because there was no database: kept in a file until a journal takes them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from initdb.events.canonical import decode, encode


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
    def beside(cls, url: str, environ: Mapping[str, str] | None = None) -> Spool:
        """The spool of a database, named by the hash of its password-free URL."""
        env = os.environ if environ is None else environ
        name = hashlib.sha256(url.encode()).hexdigest()[:32] + ".jsonl"
        home = env.get("XDG_STATE_HOME") or (str(Path(env["HOME"], ".local/state")) if env.get("HOME") else "")
        folder = Path(home, "initdb") if home else Path(tempfile.gettempdir(), f"initdb-{os.getuid()}")
        return cls(folder / name)

    def put(self, note: Note) -> None:
        """Append and fsync."""
        line = encode({"id": note.id, "type": note.type, "at": note.at, "data": note.data})
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, line.encode("ascii") + b"\n")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def waiting(self) -> tuple[Note, ...]:
        """The notes in the file; a torn or foreign line is passed over."""
        try:
            lines = self.path.read_text("ascii", "replace").splitlines()
        except OSError:
            return ()
        return tuple(note for line in lines if (note := _parse(line)) is not None)

    def drop(self, taken: Iterable[str]) -> None:
        """Forget the notes that the journal has; one that came in between is kept."""
        ids = set(taken)
        if not ids:
            return
        left = [note for note in self.waiting() if note.id not in ids]
        with contextlib.suppress(OSError):
            self.path.unlink()
        for note in left:
            self.put(note)


def _parse(line: str) -> Note | None:
    try:
        found = decode(line)
        return Note(str(found["id"]), str(found["type"]), str(found["at"]), dict(found["data"]))
    except (ValueError, KeyError, TypeError):
        return None
