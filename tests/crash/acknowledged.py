"""What a run was told is committed: the hashes of the events in every transaction whose COMMIT has returned.

A server or a disk that says "committed" and forgets is seen by nothing else: the resume does the lost work
again, and its end looks like that of a run which never had done it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.crash import taps
from tests.crash.facts import Told

FILE = "acknowledged"
"""The file of a place, in its folder, to which its runs write; a line is a hash."""

_EVENT = re.compile(r'INSERT INTO (?:"?\w+"?\.)?"?init_journal"? ', re.IGNORECASE)
_COMMIT = re.compile(r"\s*(?:COMMIT|END)\b(?!\s+PREPARED)", re.IGNORECASE)
_ROLLBACK = re.compile(r"\s*(?:ROLLBACK|ABORT)\b(?!.*\bTO\b)", re.IGNORECASE)


@dataclass(slots=True)
class Recorder:
    """Follows the transactions of one process by its taps, and writes what was committed to a file at once.

    A process that is killed afterwards has written it: the file is the operating system's.
    """

    file: Path
    _open: dict[int, list[str]] = field(default_factory=dict)

    def note(self, moment: taps.Moment) -> None:
        """One moment more."""
        if moment.when != "after" or moment.connection is None:
            return
        key = id(moment.connection)
        if moment.call == "commit" or _COMMIT.match(moment.statement):
            self._write(self._open.pop(key, []))
        elif moment.call in {"rollback", "close"} or _ROLLBACK.match(moment.statement):
            self._open.pop(key, None)
        elif _EVENT.match(moment.statement):
            self._open.setdefault(key, []).append(_hash(moment.parameters))

    def _write(self, hashes: list[str]) -> None:
        if hashes:
            with self.file.open("a", buffering=1) as file:
                file.write("".join(f"{one}\n" for one in hashes))


def _hash(parameters: Any) -> str:
    """Of the event that is inserted: its last column."""
    return str(parameters["hash"] if isinstance(parameters, Mapping) else parameters[-1])


def read(folder: Path) -> frozenset[str]:
    """What the runs of the place in `folder` were told since `forget`."""
    file = folder / FILE
    return frozenset(file.read_text().split()) if file.exists() else frozenset()


def forget(folder: Path) -> None:
    """Another run begins, or another state of the database is put in place."""
    (folder / FILE).unlink(missing_ok=True)


def missing(acknowledged: Collection[str], told: Told) -> Iterator[str]:
    """The events that were committed, as a run was told, and that the journal does not have."""
    lost = sorted(set(acknowledged) - {row.hash for row in told.rows})
    if lost:
        yield f"lost: {len(lost)} of {len(acknowledged)} events that were committed: {', '.join(lost)[:200]}"
