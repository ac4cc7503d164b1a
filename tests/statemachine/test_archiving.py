"""Archiving: what a boot needs stays, a process that is killed loses nothing, and only the owner does it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from initdb.events.entry import Entry, read
from initdb.events.journal import Journal
from initdb.events.sessions import session
from initdb.statemachine import archiving
from initdb.statemachine.decide.fold import fold
from tests.support.toy import Toy


@pytest.fixture
def toy(tmp_path: Path, database_url: str) -> Toy:
    """A database from models that was judged twice, with nothing done in between."""
    toy = Toy(tmp_path, database_url)
    for ignored in ("index:nobody", "index:nothing"):
        assert toy.initializer(ignore=[ignored]).initialize().success
    return toy


def entries(toy: Toy) -> list[Entry]:
    """The entries in the database."""
    return [
        read(*row) for row in toy.sql("SELECT seq, event, prev_hash, hash FROM init_journal ORDER BY seq")
    ]


def archive(toy: Toy) -> archiving.Archived | None:
    """Archive what can be."""
    settings = toy.initializer().settings
    return archiving.archive(toy.engine(), settings, toy.folder / "old.jsonl", 10**6, "a test")


def test_the_inventory_stays(toy: Toy) -> None:
    """What the ready database had of the models is written again, as it would be moved."""
    before = {one.seq: one for one in entries(toy)}
    was = fold(before.values()).inventory
    done = archive(toy)
    assert done is not None and was is not None and was <= done.upto
    left = {one.seq: one for one in entries(toy)}
    now = fold(left.values()).inventory
    assert now is not None and left[now].data == before[was].data
    assert toy.initializer(ignore=["index:nothing"]).initialize().success
    assert len(entries(toy)) == len(left)


@pytest.mark.parametrize("when", ["written", "removed"])
def test_killed(toy: Toy, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    """Once the file is written, or the entries are removed: the next call does it all."""
    before = entries(toy)
    remove = archiving.remove

    def dying(*words: object) -> None:
        if when == "removed":
            remove(*words)  # type: ignore[arg-type]
        os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if not child:
        try:
            monkeypatch.setattr(archiving, "remove", dying)
            archive(toy)
        finally:
            os._exit(99)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert entries(toy) == before
    written = (toy.folder / "old.jsonl").read_text()
    assert written.count("\n") == len(before)
    with pytest.raises(Exception, match="append-only"):
        toy.sql("DELETE FROM init_journal WHERE seq = 2")
    done = archive(toy)
    assert done is not None and done.written == len(before)
    assert (toy.folder / "old.jsonl").read_text() == written
    with pytest.raises(Exception, match="append-only"):
        toy.sql("DELETE FROM init_journal WHERE seq > 1")


def test_an_entry_that_another_process_has_seen(toy: Toy) -> None:
    """Its journal has not gone back, though the entry is no longer there."""
    first = entries(toy)[0]
    old = (first.run, 5, entries(toy)[4].hash)
    done = archive(toy)
    assert done is not None and done.upto > 5
    known, journal = fold(entries(toy)), Journal(None, "toy")
    with session(toy.engine()) as connection:
        assert journal.archived(connection) == done.upto
        assert not journal.lacks(connection, known, old)
        assert journal.lacks(connection, known, (first.run, done.upto + 1, first.hash))
        assert journal.lacks(connection, known, (first.run, known.seq + 1, first.hash))
