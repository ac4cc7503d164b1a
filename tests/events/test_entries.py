"""One entry: older and newer versions can read what this one writes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from initdb.errors.classify import classify
from initdb.events.canonical import encode
from initdb.events.chain import GENESIS, link
from initdb.events.entry import UNREADABLE, Moment, Turn, is_sound, parse, write
from initdb.events.sessions import session
from initdb.events.types import EVENTS, NOTES, UNSEEN
from initdb.events.upcast import CURRENT, STEPS, upcast
from initdb.statemachine.decide.fold import fold
from tests.events.journals import MOMENT, append, append_committed, begin, commit, make
from tests.events.test_canonical import ANYTHING
from tests.support.examples import many, some
from tests.support.guards import without_guards

_TURN = Turn("outage", "note", "ready", "ready")


@many
@given(
    data=st.dictionaries(st.text(), ANYTHING, max_size=4), by=st.dictionaries(st.text(), ANYTHING, max_size=2)
)
def test_building_an_entry_cannot_fail(data: dict[str, Any], by: dict[str, Any]) -> None:
    """An event may hold anything. What is written is what is read."""
    entry = write(7, GENESIS, Moment("r", "t", 2, by), _TURN, data)
    assert entry == parse(8, entry.text, GENESIS, entry.hash)
    assert (entry.seq, entry.type, entry.trigger, entry.source, entry.dest) == (
        8,
        "outage",
        "note",
        "ready",
        "ready",
    )
    assert entry.hash == link(GENESIS, entry.text) and len(entry.hash) == 64


class Hostile(Exception):
    """An exception whose text cannot be asked for."""

    def __str__(self) -> str:
        raise RuntimeError("no")


_EXCEPTIONS = st.one_of(
    st.builds(Exception, ANYTHING),
    st.builds(lambda text: Exception(text, text), st.text(st.characters(exclude_categories=()))),
    st.builds(OSError, st.integers(0, 200), st.text()),
    st.builds(lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "\ud800")),
    st.builds(lambda inner: ExceptionGroup("several", [inner]), st.builds(ValueError, st.text())),
    st.builds(Hostile),
    st.builds(KeyError, ANYTHING),
)


@some
@given(_EXCEPTIONS, st.sampled_from(["migrate", "seed", "schema", "journal", "connect", "validate"]))
def test_the_event_of_a_failure_can_always_be_built(error: Exception, doing: str) -> None:
    """Any exception of any step is rendered, encoded and read back."""
    data = {"step": doing, "error": classify(error, doing=doing, database="sqlite").rendered().as_data()}
    entry = write(0, GENESIS, MOMENT, Turn("step_failed", "note", "behind", "behind"), data)
    assert entry.data["error"]["reference"] and entry.text.isascii()
    raw = write(0, GENESIS, MOMENT, Turn("step_failed", "note", "behind", "behind"), {"error": error})
    assert isinstance(raw.data["error"], (str, list))


def test_the_columns_say_what_the_event_says() -> None:
    """The columns exist to be indexed."""
    entry = write(0, GENESIS, MOMENT, _TURN, {})
    event = json.loads(entry.text)
    columns = entry.columns()
    assert {name: event[name] for name in ("seq", "run", "at", "type", "source", "dest")} == {
        name: columns[name] for name in ("seq", "run", "at", "type", "source", "dest")
    }
    assert (columns["event"], columns["prev_hash"], columns["hash"]) == (entry.text, GENESIS, entry.hash)


def test_an_event_is_stored_under_these_names() -> None:
    """Other versions read these names."""
    moment = Moment("run", "2026-11-23T08:06:41.218903Z", 2, {"host": "here"})
    entry = write(6, GENESIS, moment, Turn("outage", "note", "ready", "behind"), {"a": 1})
    assert json.loads(entry.text) == {
        "seq": 7,
        "run": "run",
        "type": "outage",
        "v": CURRENT,
        "at": "2026-11-23T08:06:41.218903Z",
        "trigger": "note",
        "source": "ready",
        "dest": "behind",
        "attempt": 2,
        "by": {"host": "here"},
        "data": {"a": 1},
    }
    assert (entry.attempt, entry.by, entry.data) == (2, {"host": "here"}, {"a": 1})


def test_what_an_event_does_not_say_is_empty() -> None:
    """A newer version may leave fields out."""
    entry = parse(1, '{"type":"x"}', GENESIS, "h")
    assert (entry.run, entry.at, entry.trigger, entry.source, entry.dest) == ("", "", "", "", "")
    assert (entry.attempt, entry.by, entry.data, entry.v) == (1, {}, {}, CURRENT)


@pytest.mark.parametrize(
    ("text", "why"),
    [(b"{}", "the event is not text, but bytes"), ("[]", "it is JSON, but not an event")],
)
def test_why_it_is_no_event(text: Any, why: str) -> None:
    """A person reads this sentence in an error."""
    with pytest.raises(ValueError, match=f"^{why}$"):
        parse(1, text, GENESIS, "h")


@pytest.mark.parametrize("text", ["", "{", "[]", "1", '"x"', "{}", '{"type":1}', '{"type":null}'])
def test_what_is_no_event_is_said_so(text: str) -> None:
    """It is a ValueError, of which the reader makes an error of the catalogue."""
    with pytest.raises(ValueError):
        parse(1, text, GENESIS, "h")


def test_an_older_event_is_brought_up_to_date() -> None:
    """Each step converts one version. Unknown fields remain."""
    steps = {
        -1: lambda event: {**event, "renamed": event["old"]},
        0: lambda event: {**event, "data": {"renamed": event["renamed"]}},
    }
    event = upcast({"type": "outage", "v": -1, "old": 5, "extra": "kept"}, steps)
    assert (event["v"], event["data"], event["extra"]) == (CURRENT, {"renamed": 5}, "kept")


def test_an_older_event_is_brought_up_to_date_when_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stored text and its hash do not change."""
    monkeypatch.setitem(STEPS, 0, lambda event: {**event, "data": {"reason": event["why"]}})
    text = encode({"type": "run_stopped", "v": 0, "why": "asked"})
    entry = parse(1, text, GENESIS, link(GENESIS, text))
    assert (entry.v, entry.data, entry.text) == (CURRENT, {"reason": "asked"}, text)


def test_a_newer_event_is_left_as_it_is() -> None:
    """Its version remains too, so that no work is done on what is not understood."""
    text = encode({"type": "run_stopped", "v": 9, "attempt": {"of": 2}, "by": "x", "data": [1], "new": 1})
    entry = parse(1, text, GENESIS, "h")
    assert (entry.v, entry.attempt, entry.by, entry.data) == (9, 1, {}, {})
    assert parse(1, encode({"type": "x", "v": "2.0"}), GENESIS, "h").v > CURRENT


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_FIELDS = ("v", "attempt", "by", "data", "seq", "run", "at", "trigger", "source", "dest", "new")
_WORDS = (
    *("code", "catalog", "error", "clock", "heads", "rows", "tables", "revision", "digest", "revisions"),
    *("source", "next", "table", "complete", "memo", "note", "journal", "application", "sessions", "reason"),
    *("conflict", "outside", "started_over", "version_table", "version_schema", "retry", "reseed"),
    *("subject", "step", "warnings", "marked"),
)


@many
@given(
    st.sampled_from([*EVENTS, *NOTES, "invented_later"]),
    st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=5),
    st.dictionaries(st.sampled_from(_WORDS), _JSON, max_size=8),
)
def test_every_event_survives_reading_and_folding(
    type_: str, fields: dict[str, Any], data: dict[str, Any]
) -> None:
    """A newer version may have stored anything anywhere. There is no exception, and the head moves."""
    text = encode({"data": data, **fields, "type": type_})
    known = fold([parse(1, text, GENESIS, "h"), parse(2, text, "h", "g")])
    assert (known.seq, known.hash) == (2, "g")
    assert known.last_type == (None if type_ in UNSEEN else type_)


def test_an_unknown_type_is_stored_read_and_folded(engine: Engine) -> None:
    """An event of a newer version passes through every part of an older one."""
    journal = make(engine)
    with session(engine) as connection:
        begin(connection)
        append(journal, connection, "database_compressed", {"ratio": 0.5})
        commit(connection)
        entries = list(journal.read(connection))
    assert entries[-1].type == "database_compressed" and entries[-1].data == {"ratio": 0.5}
    known = fold(entries)
    assert (known.seq, known.last_type, known.state) == (2, "database_compressed", "unknown")


def test_reading_goes_on_after_an_entry(engine: Engine) -> None:
    """`after` leaves out the entries that were read before."""
    journal = make(engine)
    for number in range(3):
        append_committed(journal, engine, number=number)
    with session(engine) as connection:
        assert [entry.seq for entry in journal.read(connection, 2)] == [3, 4]
        assert [entry.data.get("number") for entry in journal.read(connection)] == [None, 0, 1, 2]


def test_an_entry_that_is_no_event_is_named(engine: Engine) -> None:
    """The error says which entry cannot be read."""
    journal = make(engine)
    with session(engine) as connection:
        begin(connection)
        last = journal.head(connection).hash
        without_guards(
            connection,
            f"INSERT INTO init_journal VALUES (2, 'r', 't', 'x', 'a', 'b', 'nonsense', '{last}', 'h')",
        )
        commit(connection)
        first, second = journal.read(connection)
    assert (first.type, second.type, second.seq) == ("journal_created", UNREADABLE, 2)
    assert second.data["why"] and not is_sound(second) and is_sound(first)
