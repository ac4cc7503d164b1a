"""Snapshots of knowledge: what is stored is what is known, reading begins there, and verify compares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from sqlalchemy import text

from initdb.errors import InitError
from initdb.events import snapshot
from initdb.events.canonical import decode, encode
from initdb.events.entry import Entry
from initdb.events.journal import Journal
from initdb.events.knowledge import Knowledge
from initdb.events.sessions import session
from initdb.events.types import UNSEEN
from initdb.statemachine.decide.audit import audit
from initdb.statemachine.decide.fold import add, fold, known_from, snapshot_of
from initdb.statemachine.decide.gathering import Gathering
from initdb.statemachine.decide.snapshot_check import compare_snapshots
from tests.statemachine.test_fold import JOURNALS, entries_of, some
from tests.support.guards import guards_off
from tests.support.toy import Toy, migrated


@pytest.fixture
def toy(tmp_path: Path, database_url: str) -> Toy:
    """Three revisions that make a table each, one seed file; nothing done yet."""
    return migrated(tmp_path, database_url)


def _stored(toy: Toy) -> list[Entry]:
    """Every entry, snapshots too."""
    initializer = toy.initializer()
    journal = initializer.look().journal
    with session(initializer.engine) as connection:
        return list(journal.read(connection))


@some
@given(JOURNALS)
def test_what_is_stored_is_what_is_known(entries: list[Entry]) -> None:
    """Of any journal, through the text of an event and back."""
    known = fold(entries)
    said = decode(encode(snapshot.stored(known)))
    assert snapshot.restored(said, known.seq, known.hash) == known


@some
@given(JOURNALS)
def test_a_fold_from_a_snapshot_is_the_fold_from_the_start(entries: list[Entry]) -> None:
    """Wherever the journal is cut."""
    half = len(entries) // 2
    known = fold(entries[:half])
    begun = snapshot.restored(snapshot.stored(known), known.seq, known.hash)
    assert fold(entries[half:], begun) == fold(entries)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"state": "ready"},
        snapshot.stored(fold(entries_of([]))) | {"applied": [["r1"]]},
        snapshot.stored(fold(entries_of([]))) | {"who": [], "applied": [["r1", None, "r", "t", 0, False]]},
        snapshot.stored(fold(entries_of([]))) | {"seeds": {"a": 1}},
        snapshot.stored(fold(entries_of([]))) | {"last_run": ["short"]},
        snapshot.stored(fold(entries_of([]))) | {"doubt": 5},
        snapshot.stored(fold(entries_of([]))) | {"last": None},
    ],
)
def test_what_is_no_snapshot_is_none(said: dict[str, Any]) -> None:
    """Of another version, or edited: reading begins from the start."""
    assert snapshot.restored(said, 1, "0" * 64) is None


def test_ready_is_followed_by_one(toy: Toy) -> None:
    """In the same transaction; people are not told of it, and the next boot has nothing to do."""
    assert toy.initializer().initialize().success
    stored = _stored(toy)
    assert [one.type for one in stored[-2:]] == ["health_validated", "snapshot"]
    assert known_from(stored[-1]) == fold(stored)
    assert "snapshot" not in toy.types()
    known = toy.initializer().look().knowledge
    assert (known.seq, known.last_type) == (stored[-1].seq, "health_validated")
    assert toy.initializer().initialize().steps_completed == []
    assert _stored(toy) == stored


def test_so_is_every_thousandth_entry(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it is; here every third."""
    monkeypatch.setattr(snapshot, "EACH", 3)
    assert toy.initializer().initialize().success
    stored = _stored(toy)
    followed = {stored[number - 1].seq for number, one in enumerate(stored) if one.type == "snapshot"}
    ready = {one.seq for one in stored if one.type == "health_validated"}
    assert followed == ready | {one.seq for one in stored if one.seq % 3 == 0 and one.type not in UNSEEN}
    for number, one in enumerate(stored):
        assert one.type != "snapshot" or known_from(one) == fold(stored[: number + 1])
    with session(toy.engine()) as connection:
        assert audit(connection, toy.initializer().look().journal).findings == ()


def _read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """After which entries a journal is read from now on."""
    after: list[int] = []
    real = Journal.read

    def read(journal: Journal, connection: Any, seq: int = 0) -> Any:
        after.append(seq)
        return real(journal, connection, seq)

    monkeypatch.setattr(Journal, "read", read)
    return after


def test_a_look_reads_from_the_last_one(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """And knows what a reading from the start would."""
    assert toy.initializer().initialize().success
    toy.with_seeds(7)
    assert toy.initializer().initialize().success
    stored = _stored(toy)
    after = _read(monkeypatch)
    assert toy.initializer().look().knowledge == fold(stored)
    assert after == [stored[-1].seq]


def _tamper(toy: Toy, seq: int, before: str, after: str, *, rehash: bool = False) -> None:
    """Edit a stored snapshot, as somebody does who may drop the guards."""
    from initdb.events.chain import link

    (one,) = (entry for entry in _stored(toy) if entry.seq == seq)
    assert before in one.text
    edited = one.text.replace(before, after)
    digest = link(one.prev_hash, edited) if rehash else one.hash
    values = {"event": edited, "hash": digest, "seq": seq}
    statement = text("UPDATE init_journal SET event = :event, hash = :hash WHERE seq = :seq")
    with toy.engine().begin() as connection, guards_off(connection):
        connection.execute(statement, values)
        connection.execute(text("UPDATE init_journal_head SET hash = :hash"), {"hash": digest})


def test_an_edited_one_is_named(toy: Toy) -> None:
    """Its text does not give its hash: a boot names it, and so does verify."""
    assert toy.initializer().initialize().success
    last, journal = _stored(toy)[-1], toy.initializer().look().journal
    _tamper(toy, last.seq, '"managed":true', '"managed":false')
    with pytest.raises(InitError, match=f"Entry {last.seq} was edited"):
        toy.initializer().look()
    with session(toy.engine()) as connection:
        findings = audit(connection, journal).findings
    assert [one.seq for one in findings] == [last.seq, last.seq]


def test_one_that_lies_with_the_right_hash_is_named(toy: Toy) -> None:
    """verify folds from the start and compares."""
    assert toy.initializer().initialize().success
    last = _stored(toy)[-1]
    _tamper(toy, last.seq, '"managed":true', '"managed":false', rehash=True)
    with session(toy.engine()) as connection:
        (found,) = audit(connection, toy.initializer().look().journal).findings
    assert (found.seq, found.text) == (last.seq, "is a snapshot, but not of what the entries before it say")


def test_one_of_other_rules_is_passed_over(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later version that folds in another way reads from the start, and finds nothing wrong."""
    assert toy.initializer().initialize().success
    stored = _stored(toy)
    monkeypatch.setattr(snapshot, "FOLD", snapshot.FOLD + 1)
    after = _read(monkeypatch)
    assert toy.initializer().look().knowledge == fold(stored)
    assert after == [0]
    monkeypatch.setattr("initdb.statemachine.decide.snapshot_check.FOLD", snapshot.FOLD)
    assert list(compare_snapshots(stored)) == []


def test_what_cannot_be_stored_whole_is_not_stored() -> None:
    """More values than an event may have: reading from an earlier one is right, and only slower."""
    many = entries_of([("outage", {"note": f"n{number}"}) for number in range(200)])
    assert snapshot_of(fold(many)) is not None
    from initdb.events import canonical

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canonical, "MAX_VALUES", 100)
        assert snapshot_of(fold(many)) is None


def test_a_fold_copies_nothing_for_an_entry() -> None:
    """So that its time is linear: what grows with the journal grows in place."""
    known = Gathering.of(Knowledge())
    growing = _growing(known)
    events: list[tuple[str, dict[str, Any]]] = [
        ("outage", {"note": "n"}),
        ("migration_applied", {"revision": "r"}),
    ]
    events += [("migration_reverted", {"revision": "r"}), ("override", {"retry": ["r"]})]
    for entry in entries_of(events):
        add(known, entry)
    assert all(one is other for one, other in zip(growing, _growing(known), strict=True))
    assert known.notes and known.retry


def _growing(known: Gathering) -> tuple[object, ...]:
    return (known.applied, known.held, known.notes, known.retry)
