"""The spool under a power cut, and once the journal has what waited in it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from initdb.events.canonical import timestamp
from initdb.events.entry import Entry
from initdb.events.ids import time_ordered
from initdb.events.spool import Note, Spool
from initdb.statemachine.initializer import Initializer
from tests.support.toy import Toy, migrated

CALLS = re.compile(r"^(?:\d+ +)?(write|fsync|fdatasync|ftruncate)\((\d+)<([^>]*)>(.*)")

PUT_AND_DROP = """
import os, sys
from pathlib import Path
from initdb.events.spool import Note, Spool
spool = Spool(Path(sys.argv[1]))
for number in range(3):
    spool.put(Note(str(number), "outage", "t", {}))
    os.write(1, b"put ")
spool.drop(["1"])
os.write(1, b"dropped")
"""


END_BATON = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def test_what_was_put_is_on_the_disk_before_anything_else_happens(tmp_path: Path) -> None:
    """By the system calls of a process of its own: no write to the file is left without a sync."""
    strace, log, spool = shutil.which("strace"), tmp_path / "log", tmp_path / "spool.jsonl"
    assert strace is not None, "this needs strace (Debian package strace)"
    traced = [strace, "-f", "-y", "-o", str(log), "-e", "trace=write,fsync,fdatasync,ftruncate"]
    words = [*traced, sys.executable, "-c", PUT_AND_DROP, str(spool)]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert said.split() == ["put", "put", "put", "dropped"]
    calls = [found for line in log.read_text().splitlines() if (found := CALLS.match(line))]
    seen = [found[1] if found[3] == str(spool) else "said" for found in calls if _counts(found, spool)]
    put = ["write", "fsync", "said"]
    assert seen == [*put, *put, *put, "ftruncate", "write", "fsync", "said"]


def _counts(call: re.Match[str], spool: Path) -> bool:
    return call[3] == str(spool) or (call[1], call[2]) == ("write", "1")


@pytest.fixture
def toy(tmp_path: Path, database_url: str) -> Toy:
    """Three revisions that make a table each, one seed file; nothing done yet."""
    return migrated(tmp_path, database_url)


def _note(initializer: Initializer) -> Note:
    """An outage, as a boot that gave up has left it."""
    now = initializer.site.clock.now()
    said = {"first": timestamp(now), "last": timestamp(now), "count": 1, "reference": "server-unreachable"}
    return Note(time_ordered(now), "outage", timestamp(now), {**said, "context": []})


def _spool_of(initializer: Initializer) -> Spool:
    spool: Spool = initializer.site.spool
    return spool


def test_once_the_journal_has_a_note_it_waits_no_more(toy: Toy) -> None:
    """On the first boot, and on one with a journal. Nothing of it is left in the file."""
    for tables in (3, 4):
        toy.tables = tables
        toy.with_revisions()
        initializer = toy.initializer()
        spool, note = _spool_of(initializer), _note(initializer)
        spool.put(note)
        assert initializer.initialize().success
        assert spool.waiting() == ()
        assert spool.path.read_bytes() == b""
        noted = [entry.data.get("note") for entry in toy.initializer().entries() if entry.type == "outage"]
        assert noted.count(note.id) == 1


def test_a_run_that_goes_on_empties_it_as_well(tmp_path: Path, postgresql_url: str) -> None:
    """Its baton's session is ended, and what was noted meanwhile enters with the event that says so."""
    toy = migrated(tmp_path, postgresql_url)
    left: list[Note] = []

    def watch(entry: Entry) -> None:
        if entry.type == "migration_applied" and not left:
            left.append(_note(initializer))
            _spool_of(initializer).put(left[0])
            toy.sql(END_BATON)

    initializer = toy.initializer(watch)
    assert initializer.initialize().success
    assert _spool_of(initializer).waiting() == ()
    types = [entry.type for entry in toy.initializer().entries()]
    assert types.index("outage") == types.index("run_continued") - 1
