"""The audit: what a replay of the stored transitions shows, besides the chain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from initdb.events.chain import GENESIS
from initdb.events.entry import Entry, Moment, Turn, write
from initdb.statemachine.decide.machine_replay import replay

MOMENT = Moment("run", "2026-11-23T08:06:41.218903Z", 1, {"host": "h", "pid": 1})


def story(*turns: tuple[Turn, Mapping[str, Any]]) -> list[Entry]:
    """Entries that follow each other."""
    entries: list[Entry] = []
    seq, digest = 0, GENESIS
    for turn, data in turns:
        entries.append(write(seq, digest, MOMENT, turn, data))
        seq, digest = entries[-1].seq, entries[-1].hash
    return entries


BEGIN = (Turn("run_started", "begin", "unknown", "unknown"), {})
EMPTY = (Turn("database_inspected", "inspect", "unknown", "empty"), {"tables": [], "rows": []})


def test_a_true_story_has_no_finding() -> None:
    """Every state is what the guards make of the data."""
    created = (Turn("schema_created", "create_schema", "empty", "unseeded"), {"seeds_pending": ["a"]})
    assert not list(replay(story(BEGIN, EMPTY, created)))


def test_a_destination_that_the_data_does_not_lead_to() -> None:
    """The event says ready, but its data says that a seed is pending."""
    lie = (Turn("schema_created", "create_schema", "empty", "unproven"), {"seeds_pending": ["a"]})
    (finding,) = replay(story(BEGIN, EMPTY, lie))
    assert (finding.seq, finding.text) == (3, "says that it led to unproven, but its data leads to unseeded")


def test_a_transition_that_the_table_does_not_have() -> None:
    """An empty database cannot be validated."""
    odd = (Turn("health_validated", "validate", "empty", "ready"), {})
    (finding,) = replay(story(BEGIN, EMPTY, odd))
    assert finding.seq == 3
    assert "is no transition of the table" in finding.text


def test_a_state_that_nothing_led_to() -> None:
    """The entry before it led to another state."""
    jump = (Turn("run_stopped", "note", "ready", "ready"), {"why": "x"})
    (finding,) = replay(story(BEGIN, EMPTY, jump))
    assert finding.text == "begins in state ready, but the entry before it led to empty"


def test_what_this_version_does_not_know_is_no_finding() -> None:
    """A newer initdb wrote a type or a state that is unknown here."""
    new = (Turn("index_polished", "polish", "empty", "shining"), {})
    back = (Turn("run_started", "begin", "shining", "unknown"), {})
    assert not list(replay(story(BEGIN, EMPTY, new, back)))
