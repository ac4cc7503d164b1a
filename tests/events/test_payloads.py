"""What an event says, as it is stored and as it is read back, also if somebody else has written it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initdb.events import snapshot
from initdb.events.chain import GENESIS
from initdb.events.entry import Moment, Turn, write
from initdb.events.knowledge import (
    Applied,
    Backup,
    Doubt,
    Failure,
    Judgement,
    Knowledge,
    LastReady,
    Mark,
    RunRecord,
    SeedRecord,
)
from initdb.events.payloads import PAYLOADS, all_of, payload_of
from initdb.events.payloads.form import Payload, mapping, names, number, text, whole
from initdb.events.payloads.notes import HistoryRewound, HoldReleased, JournalUpgraded
from initdb.events.types import EVENTS, NOTES
from tests.statemachine.test_folders import BEFORE
from tests.support.examples import some


@pytest.fixture
def each() -> Any:
    """A type with a field of each form. No other test has read it."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Each(Payload):
        """A field of every type."""

        type: ClassVar[str] = "each"

        word: str
        maybe: str | None = None
        flag: bool = False
        count: int = 0
        limit: int | None = None
        took: float = 0.0
        time: float | None = None
        words: tuple[str, ...] = ()
        others: tuple[str, ...] | None = None
        parts: Mapping[str, object]
        more: Mapping[str, object] | None = None
        issues: tuple[Mapping[str, object] | str, ...] = ()
        pairs: Mapping[str, tuple[int, int]] | None = None
        from_: str = ""

    return Each


SAID = {
    **{"word": "w", "maybe": "m", "flag": True, "count": 2, "limit": 3, "took": 1.5, "time": 2.5},
    **{"words": ("a",), "others": ("b",), "parts": {"c": 1}, "more": {"d": 2}, "issues": ({"e": 3}, "f")},
    **{"pairs": {"g": (4, 5)}, "from": "here"},
}
NOTHING = {
    **{"word": "", "maybe": None, "flag": False, "count": 0, "limit": None, "took": 0.0, "time": None},
    **{"words": (), "others": None, "parts": {}, "more": None, "issues": (), "pairs": None, "from_": ""},
}


def test_what_is_said_is_stored_and_read(each: Any) -> None:
    """A field that is named like a keyword of Python is stored without its underscore."""
    for _ in range(2):
        assert each.read(SAID).data() == SAID
    read = each.read(SAID)
    assert read.from_ == "here"
    assert JournalUpgraded(from_=1, to=2).data() == {"from": 1, "to": 2}
    assert HistoryRewound.read({"was": 9, "is": 4}) == HistoryRewound(was=9, is_=4)


def test_what_is_not_said_is_empty(each: Any) -> None:
    """It is not stored."""
    read = each.read({})
    assert {one.name: getattr(read, one.name) for one in fields(each)} == NOTHING
    assert set(read.data()) == {one.rstrip("_") for one, value in NOTHING.items() if value is not None}


@pytest.mark.parametrize(
    ("field", "stored", "read"),
    [
        ("word", 5, "5"),
        ("word", None, ""),
        ("maybe", 5, None),
        ("flag", 1, True),
        ("flag", [], False),
        ("count", "2", 0),
        ("count", 2.9, 2),
        ("count", True, 0),
        ("count", math.nan, 0),
        ("limit", math.inf, None),
        ("limit", 0, 0),
        ("took", "x", 0.0),
        ("took", 2, 2),
        ("time", True, None),
        ("time", 0, 0),
        ("words", ["a", 5], ("a", "5")),
        ("words", "ab", ()),
        ("others", "ab", ()),
        ("others", [], ()),
        ("parts", [], {}),
        ("more", 5, {}),
        ("more", {}, {}),
        ("issues", [{"a": 1}, 5], ({"a": 1}, "5")),
        ("issues", {"a": 1}, ()),
        ("pairs", {"a": [1, 2], "b": [None, "2"]}, {"a": (1, 2), "b": (0, 0)}),
        ("pairs", {"a": [1], "b": "12", "c": 1}, {}),
        ("pairs", [[1, 2]], {}),
    ],
)
def test_what_has_another_form(each: Any, field: str, stored: object, read: object) -> None:
    """It is converted, or it is empty."""
    assert getattr(each.read({field: stored}), field) == read


@pytest.mark.parametrize(
    ("reads", "value", "found"),
    [
        (text, "a", "a"),
        (text, b"a", None),
        (names, ("a", 1), ("a", "1")),
        (names, {"a"}, ()),
        (mapping, {"a": 1}, {"a": 1}),
        (mapping, None, {}),
        (number, 1.5, 1.5),
        (number, False, None),
        (number, "1", None),
        (whole, -1.5, -1),
        (whole, None, None),
        (whole, -math.inf, None),
    ],
)
def test_a_value_is_read_with_care(reads: Any, value: object, found: object) -> None:
    """A value of another type is not read."""
    assert reads(value) == found


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@some
@given(st.sampled_from(sorted(PAYLOADS)), st.data())
def test_whatever_is_stored_can_be_read(kind: str, data: st.DataObject) -> None:
    """This holds for every type. What was read and stored is read again as the same."""
    stored = [one.name.rstrip("_") for one in fields(PAYLOADS[kind])]
    said = data.draw(st.dictionaries(st.sampled_from(stored), _ANYTHING))
    read = payload_of(kind, said)
    assert read is not None and read.type == kind
    again = payload_of(kind, read.data())
    assert repr(again) == repr(read)


def test_every_type_that_is_written_says_something() -> None:
    """An unknown type has no payload."""
    assert set(PAYLOADS) <= {*EVENTS, *NOTES}
    assert payload_of("invented_later", {}) is None


def test_the_events_of_one_type() -> None:
    """They are read in their order; other types are left out."""
    moment, note = Moment("run", "t", 1, {}), Turn(HoldReleased.type, "note", "ready", "ready")
    entries = [
        write(0, GENESIS, moment, note, {"revisions": ["r1"]}),
        write(1, GENESIS, moment, replace(note, type=JournalUpgraded.type), {"from": 1, "to": 2}),
        write(2, GENESIS, moment, note, {"revisions": ["r2"]}),
    ]
    assert [one.revisions for one in all_of(HoldReleased, entries)] == [("r1",), ("r2",)]


FULL = Knowledge(
    **{name: getattr(BEFORE, name) for name in Knowledge.__slots__}
    | {
        "managed": True,
        "adopted": True,
        "version": 3,
        "applied": {
            "r1": Applied("r1", "d1", "run-0", "t", {"pid": 1}, file="r1_shops.py"),
            "r2": Applied("r2", None, "run-1", "u", {"pid": 2}, marked=True),
            "r3": Applied("r3", "d3", "run-0", "t", {"pid": 1}),
        },
        "last_run": RunRecord(
            "run-1", 2, "then", {"pid": 1}, "why", {"w": 5}, {"m": "a"}, "stopped", "seed", frozenset("ba")
        ),
        "judgements": (
            Judgement({"m": "a"}, warnings=("w",), env_py="e2"),
            Judgement(
                {"m": "b"}, Failure(3, "seed", "t", {"reference": "x"}, {"m": "b"}, 4, 2.5, "run", {"pid": 1})
            ),
        ),
        "doubt": Doubt("migrate", "r4", 6, "d4", ("s1",), "77", ("b1",)),
        "seeds": {"a": SeedRecord("a", "t", frozenset({"e", "d"}), "p", 4, "e", "u", Mark(4, 99, 6, "h"))},
        "last_ready": LastReady("u", "e2"),
        "told": {"revision r1": "d9", "seed a": ""},
        "accepted": {"env.py": "e1"},
        "inventory": 4,
        "stamped": ("r2",),
        "backed_up": True,
        "backup": Backup("/b/1.backup", "t9", is_past=True),
    }
)


@pytest.mark.parametrize(
    "known",
    [
        FULL,
        Knowledge(),
        Knowledge(doubt=Doubt("migrate", "r", 1), last_run=RunRecord("run", 1, "t")),
        Knowledge(doubt=Doubt("migrate", "r", 1, done=())),
    ],
)
def test_a_snapshot_is_all_of_it(known: Knowledge) -> None:
    """Each field is the same after it was stored as JSON and read."""
    assert snapshot.restored(snapshot.stored(known), known.seq, known.hash) == known


def test_how_a_snapshot_is_stored() -> None:
    """Other versions read it. No name and no place may change unless the number of the rules changes."""
    assert snapshot.FOLD == 6
    assert snapshot.stored(FULL) == {
        "state": "behind",
        "journal": "j",
        "application": "shop",
        "heads": ["r2"],
        "applied": [
            ["r1", "d1", "run-0", "t", 0, False, "r1_shops.py"],
            ["r2", None, "run-1", "u", 1, True, None],
            ["r3", "d3", "run-0", "t", 0, False, None],
        ],
        "who": [{"pid": 1}, {"pid": 2}],
        "held": [["r3", "d3"], ["r8", None]],
        "seeds": [["a", "t", ["d", "e"], "p", 4, "e", "u"]],
        "marks": {"a": [4, 99, 6, "h"]},
        "judgements": [
            [{"m": "a"}, None, ["w"], "e2"],
            [
                {"m": "b"},
                [3, "seed", "t", {"reference": "x"}, {"m": "b"}, 4, 2.5, "run", {"pid": 1}],
                [],
                None,
            ],
        ],
        "catalog": "c",
        "managed": True,
        "adopted": True,
        "last_run": [
            *("run-1", 2, "then", {"pid": 1}, "why", {"w": 5}, {"m": "a"}, "stopped", "seed", ["a", "b"]),
        ],
        "last": ["outage", "then", {"old": 1}],
        "tries": 2,
        "crashes": 1,
        "doubt": ["migrate", "r4", 6, "d4", ["s1"], "77", ["b1"]],
        "retry": ["r5", "r6"],
        "memo": {"m": 1},
        "version_table": "v",
        "version_schema": "s",
        "bases": ["r1"],
        "last_ready": ["u", "e2"],
        "told": {"revision r1": "d9", "seed a": ""},
        "accepted": {"env.py": "e1"},
        "notes": ["n"],
        "inventory": 4,
        "stamped": ["r2"],
        "backed_up": True,
        "backup": ["/b/1.backup", "t9", True],
        "version": 3,
    }


def test_a_snapshot_of_the_rules_before() -> None:
    """It has no places in files. Entries before it may be archived, so it must be read."""
    assert 5 in snapshot.READABLE
    said = snapshot.stored(FULL)
    del said["marks"]
    restored = snapshot.restored(said, FULL.seq, FULL.hash)
    assert restored == replace(FULL, seeds={"a": replace(FULL.seeds["a"], mark=None)})


@pytest.mark.parametrize("name", sorted(set(snapshot.stored(FULL)) - {"marks"}))
def test_a_snapshot_that_lacks_a_field_is_none(name: str) -> None:
    """Each field is left out in turn."""
    said = snapshot.stored(FULL)
    del said[name]
    assert snapshot.restored(said, 1, "h") is None


@pytest.mark.parametrize(
    ("kind", "seq", "due"),
    [
        ("health_validated", 1, True),
        ("outage", 999, False),
        ("outage", 1000, True),
        ("outage", 2000, True),
        ("outage", 1001, False),
    ],
)
def test_when_a_snapshot_is_due(kind: str, seq: int, due: bool) -> None:
    """It is due at ready, and at every thousandth entry."""
    assert snapshot.EACH == 1000
    assert snapshot.is_due(kind, seq) == due
