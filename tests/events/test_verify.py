"""The chain shows an edit, a removal and a new order, and a missing end as long as the head is honest."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy import Engine

from initdb.events.chain import GENESIS, link, lock_key
from initdb.events.entry import Turn, write
from initdb.events.head import Head
from initdb.events.sessions import session
from initdb.events.verify import Finding, Stored, verify
from initdb.statemachine.decide.audit_pass import Pass
from tests.events.journals import MOMENT, append_committed, make, stored
from tests.support.examples import many, some


def _chain(length: int) -> list[Stored]:
    rows: list[Stored] = []
    seq, digest = 0, GENESIS
    for number in range(length):
        entry = write(
            seq, digest, MOMENT, Turn("outage", "note", "ready", "ready"), {"number": number, "ä": "ö"}
        )
        seq, digest = entry.seq, entry.hash
        rows.append(Stored(**entry.columns()))
    return rows


def _head(rows: list[Stored]) -> Head:
    return Head(rows[-1].seq, rows[-1].hash, 2, 1) if rows else Head(0, GENESIS, 2, 1)


_CHAINS = st.integers(1, 8).map(_chain)


@some
@given(st.integers(1, 8))
def test_an_honest_journal_has_no_finding(length: int) -> None:
    """It may be of any length. An empty one was emptied: the first entry is made with the tables."""
    rows = _chain(length)
    assert verify(rows, _head(rows)) == []
    assert [finding.seq for finding in verify([], _head([]))] == [0]


_COLUMNS = ("seq", "run", "at", "type", "source", "dest", "event", "prev_hash", "hash")
_VALUES = st.one_of(
    st.text(max_size=10),
    st.binary(max_size=5),
    st.integers(0, 99),
    st.none(),
    st.just("0" * 64),
    st.just("{}"),
)


@many
@given(_CHAINS, st.data())
def test_any_edit_is_found(rows: list[Stored], data: st.DataObject) -> None:
    """Any column of any entry may be edited in any way. There is never an exception."""
    at = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.sampled_from(_COLUMNS))
    value: Any = data.draw(st.integers(-5, 99) if column == "seq" else _VALUES)
    assume(value != getattr(rows[at], column))
    edited = [*rows[:at], rows[at]._replace(**{column: value}), *rows[at + 1 :]]
    assert verify(edited, _head(rows))


@some
@given(_CHAINS, st.data())
def test_an_edit_with_its_hash_made_anew_is_found(rows: list[Stored], data: st.DataObject) -> None:
    """The next entry, or the head, still has the old hash."""
    at = data.draw(st.integers(0, len(rows) - 1))
    text = rows[at].event.replace('"number":', '"number":1')
    forged = rows[at]._replace(event=text, hash=link(rows[at].prev_hash, text))
    assert verify([*rows[:at], forged, *rows[at + 1 :]], _head(rows))


@some
@given(_CHAINS, st.data())
def test_a_removal_is_found(rows: list[Stored], data: st.DataObject) -> None:
    """Any entries may be removed, also the last ones, if the head is honest."""
    kept = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    assume(not all(kept))
    left = [row for row, keep in zip(rows, kept, strict=True) if keep]
    assert verify(left, _head(rows))


@some
@given(_CHAINS, st.data())
def test_a_tail_cut_together_with_the_head_is_not_found(rows: list[Stored], data: st.DataObject) -> None:
    """That would need a checkpoint outside the database. The documentation says so."""
    left = rows[: data.draw(st.integers(1, len(rows)))]
    assert verify(left, _head(left)) == []


@some
@given(_CHAINS, st.randoms())
def test_a_reordering_is_found(rows: list[Stored], random: Any) -> None:
    """The entries are read in another order, or have other numbers."""
    shuffled = list(rows)
    random.shuffle(shuffled)
    assume(shuffled != rows)
    assert verify(shuffled, _head(rows))
    renumbered = [row._replace(seq=number) for number, row in enumerate(shuffled, start=1)]
    assert verify(renumbered, _head(rows))


@some
@given(_CHAINS)
def test_a_doubled_entry_is_found(rows: list[Stored]) -> None:
    """An entry is there twice, or is appended once more at the end."""
    assert verify([*rows, rows[-1]], _head(rows))
    again = rows[-1]._replace(seq=rows[-1].seq + 1)
    assert verify([*rows, again], _head([*rows, again]))


@pytest.mark.parametrize(
    ("change", "findings"),
    [
        (
            {"seq": 3},
            ["follows entry 1: entries are missing or doubled", "column seq does not agree with the event"],
        ),
        (
            {"prev_hash": GENESIS},
            [
                "does not carry the hash of the entry before it",
                "has been edited: its text does not give its hash",
            ],
        ),
        ({"run": b"r"}, ["holds what is not ASCII text"]),
        ({"at": "ä"}, ["holds what is not ASCII text"]),
        ({"event": "{"}, ["has been edited: its text does not give its hash", "is not JSON"]),
        ({"event": "[]"}, ["has been edited: its text does not give its hash", "is not an event"]),
    ],
)
def test_what_is_said_of_an_edit(change: dict[str, Any], findings: list[str]) -> None:
    """All faults of the entry are named, always in the same order."""
    rows = _chain(2)
    edited = rows[1]._replace(**change)
    assert verify([rows[0], edited], _head([rows[0], edited])) == [
        Finding(edited.seq, text) for text in findings
    ]


def test_what_is_said_of_a_cut_tail() -> None:
    """The finding names the number of the last entry, and the number that the head has."""
    rows = _chain(3)
    assert verify(rows[:2], _head(rows)) == [
        Finding(2, "is the last entry, but the head says 3: the tail was cut or added")
    ]


def test_a_missing_head_is_a_finding() -> None:
    """Without it a missing end could not be found."""
    rows = _chain(2)
    assert verify(rows, None) == [Finding(2, "the head row is missing")]


@pytest.mark.parametrize("column", ["run", "at", "type", "source", "dest"])
def test_each_column_is_compared_with_the_event(column: str) -> None:
    """The finding names the column."""
    rows = _chain(1)
    (finding,) = verify([rows[0]._replace(**{column: "other"})], _head(rows))  # type: ignore[arg-type]
    assert finding == Finding(1, f"column {column} does not agree with the event")


def test_true_is_no_number() -> None:
    """Python takes them for equal; no other reader of JSON does."""
    (row,) = _chain(1)
    text = row.event.replace('"seq":1', '"seq":true')
    edited = row._replace(event=text, hash=link(GENESIS, text))
    assert [one.text for one in verify([edited], _head([edited]))] == [
        "column seq does not agree with the event"
    ]
    passed = Pass()
    passed.take([edited])
    said = [one.text for one in passed.findings(_head([edited]))]
    assert "column seq does not agree with the event" in said


def test_what_the_database_gives_back_verifies(engine: Engine) -> None:
    """Text, hashes and columns are the same byte for byte on both databases."""
    journal = make(engine)
    append_committed(journal, engine, text="ä\0\ud800😀", big=2**70, nested={"b": [1.5], "a": None})
    with session(engine) as connection:
        rows = stored(journal, connection)
        assert verify(rows, journal.head(connection)) == []
        assert rows[-1].hash == link(rows[-1].prev_hash, rows[-1].event)


def test_the_hash_is_what_the_documentation_says() -> None:
    """It is SHA-256 over a constant, the previous hash and the text, in ASCII."""
    known = "5f37db3936969e8dd7c69f95dffa1b7195532fcaf807c4c7b74bcf0e5809d65e"  # printf … | sha256sum
    assert link(GENESIS, "{}") == known


@some
@given(st.text(), st.text(), st.text())
def test_lock_keys_are_signed_64_bit_and_tell_names_apart(
    purpose: str, application: str, schema: str
) -> None:
    """The names may hold anything."""
    key = lock_key(purpose, application, schema)
    assert -(2**63) <= key < 2**63
    assert key == lock_key(purpose, application, schema)
    assert lock_key("a", "b") != lock_key("ab", "")
