"""A replay up to any event gives what was known then, and names the event that cannot have followed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from initdb.events import snapshot
from initdb.events.entry import Entry
from initdb.events.verify import Finding
from initdb.statemachine.decide.fold import fold
from initdb.statemachine.decide.machine_replay import replay
from initdb.statemachine.decide.replaying import Point, points
from initdb.statemachine.render.replayed import change_lines, changes, facts_of, lines, next_of, title
from initdb.statemachine.table import State
from tests.statemachine.walks import JOURNALS, entries_of
from tests.support.examples import some

A = {"models": "a"}
START = ("run_started", {"code": A, "reason": "first boot"})
AGAIN = ("run_started", {"code": A, "reason": "resume"})
BEHIND = (
    "database_inspected",
    {"rows": ["r0"], "pending": ["r1", "r2"], "seeds_pending": ["s"], "managed": True},
)
R1: tuple[str, dict[str, Any]] = (
    "migration_applied",
    {"revision": "r1", "digest": "d1", "heads": ["r1"], "pending": 1, "seeds_pending": ["s"], "file": "1.py"},
)
R2: tuple[str, dict[str, Any]] = (
    "migration_applied",
    {"revision": "r2", "digest": "d2", "heads": ["r2"], "pending": 0, "seeds_pending": ["s"]},
)
HALF = (
    "seed_batch_applied",
    {"source": "s", "digest": "d", "table": "t", "next": 50, "seeds_pending": ["s"]},
)
WHOLE = ("seed_batch_applied", {"source": "s", "digest": "d", "table": "t", "complete": True})
VALID = ("health_validated", {"code": A, "catalog": "c1"})
FAILED = (
    "step_failed",
    {"code": A, "catalog": "c1", "error": {"reference": "x"}, "step": "migrate", "clock": 5},
)
PASSING = ("step_failed", {**FAILED[1], "error": {"reference": "x", "passing": True}})
BACK = ("migration_reverted", {"revision": "r2", "digest": "d2", "heads": ["r1"], "pending": ["r2"]})
STOPPED = ("run_stopped", {"why": "roll back"})


def after(*steps: tuple[str, dict[str, Any]]) -> Point:
    """The point after the last step."""
    entries = entries_of(steps)
    assert len(entries) == len(steps), "a step had no row"
    (point,) = points(entries, {len(entries)})
    return point


@some
@given(JOURNALS, st.data())
def test_each_point_is_what_was_known_then(entries: list[Entry], data: st.DataObject) -> None:
    """From the start or from a snapshot, alone or with other points: the fold of the entries up to it."""
    wanted = data.draw(st.sets(st.integers(1, len(entries) + 2), min_size=1))
    made = points(entries, wanted)
    assert [point.entry.seq for point in made] == sorted(one for one in wanted if one <= len(entries))
    for point in made:
        until = entries[: point.entry.seq]
        half = fold(until[: len(until) // 2])
        begun = snapshot.restored(snapshot.stored(half), half.seq, half.hash)
        assert point.known == fold(until) == fold(until[len(until) // 2 :], begun)
        assert point.broken == ()
        assert points(entries, {point.entry.seq}) == [point]
        assert next_of(point) and title(point)
        assert all(label and text for label, text in lines(facts_of(point)))


@some
@given(JOURNALS, st.data())
def test_a_broken_history_is_named_from_there_on(entries: list[Entry], data: st.DataObject) -> None:
    """At the first event that cannot have followed; a point before it is sound."""
    assume(entries)
    at = data.draw(st.integers(0, len(entries) - 1))
    dest = data.draw(st.sampled_from(State))
    forged = [*entries[:at], replace(entries[at], dest=str(dest)), *entries[at + 1 :]]
    broken = list(replay(forged))
    assume(broken)
    for point in points(forged, set(range(1, len(forged) + 1))):
        assert list(point.broken) == [finding for finding in broken if finding.seq <= point.entry.seq]


def test_nothing_after_the_last_point_is_read() -> None:
    """An entry that cannot be read does not hinder a look at what was before it."""

    def until_it_breaks() -> Iterator[Entry]:
        yield from entries_of((START, BEHIND, R1))
        raise AssertionError

    (point,) = points(until_it_breaks(), {3})
    assert point.known.heads == ("r1",)


def test_the_finding_names_the_event() -> None:
    """With what the machine would have made of it."""
    entries = entries_of((START, BEHIND, R1))
    forged = [*entries[:2], replace(entries[2], dest="ready")]
    (point,) = points(forged, {3})
    assert point.broken == (Finding(3, "says that it led to ready, but its data leads to behind"),)


def test_what_was_pending() -> None:
    """As the events name it, without what was applied since; and again after a rollback."""
    assert (after(START, BEHIND).revisions, after(START, BEHIND).seeds) == (("r1", "r2"), ("s",))
    assert after(START, BEHIND, R1).revisions == ("r2",)
    assert (after(START, BEHIND, R1, R2).revisions, after(START, BEHIND, R1, R2).seeds) == ((), ("s",))
    assert after(START, BEHIND, R1, R2, HALF).seeds == ("s",)
    assert after(START, BEHIND, R1, R2, WHOLE).seeds == ()
    assert after(START, BEHIND, R1, R2, BACK).revisions == ("r2",)


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ((("journal_created", {"journal": "j", "application": "a"}),), "inspect"),
        (
            (START,),
            "inspect; if the process had died here, a boot would have begun again, and inspected first",
        ),
        ((START, BEHIND), "migrate (r1, r2); if the process had died here"),
        ((START, BEHIND, R1), "migrate (r2); if the process had died here"),
        ((START, BEHIND, R1, R2, HALF), "seed (s); if the process had died here"),
        ((START, BEHIND, R1, R2, WHOLE), "validate; if the process had died here"),
        (
            (START, BEHIND, R1, R2, WHOLE, VALID),
            "nothing: the database was ready for the code that was validated",
        ),
        (
            (START, BEHIND, R1, FAILED),
            "nothing: the failure of entry 4 was shown again, until something changed",
        ),
        ((START, BEHIND, R1, PASSING), "the same again, 1 s after the failure of entry 4, which may pass"),
        ((START, BEHIND, R1, R2, BACK, STOPPED), "nothing, until released: r2 had been rolled back"),
        (
            (START, BEHIND, R1, ("run_stopped", {"why": "SIGTERM", "during": "migrate"})),
            "inspect, then migrate (r2)",
        ),
    ],
)
def test_what_a_boot_would_have_done(steps: tuple[tuple[str, dict[str, Any]], ...], words: str) -> None:
    """In a sentence."""
    assert next_of(after(*steps)).startswith(words)


def test_what_is_known_as_lines() -> None:
    """What is empty is left out; many names are counted."""
    found = dict(lines(facts_of(after(START, BEHIND, R1, R2, HALF))))
    assert (found["state"], found["revision"], found["applied"]) == ("unseeded", "r2", "r1, r2")
    assert (found["seeds"], found["seeds pending"]) == ("s: row 50", "s")
    assert not found.keys() & {"pending", "held", "failure", "in doubt", "backup"}
    many = [f"r{n}" for n in range(20)]
    shown = dict(
        lines(
            facts_of(after(START, ("database_inspected", {"rows": ["x"], "pending": many, "managed": True})))
        )
    )
    assert shown["pending"].startswith("20: … r12, ") and shown["pending"].endswith("r19")
    failed = dict(lines(facts_of(after(START, BEHIND, R1, FAILED))))
    assert failed["failure"] == "x in migrate, entry 4"
    assert failed["concluded"] == "models a: failed in entry 4"


def test_what_changed_between_two_points() -> None:
    """Names that came and went, and values before and after."""
    before, later = after(START, BEHIND, R1, R2, HALF), after(START, BEHIND, R1, R2, WHOLE, VALID)
    assert list(change_lines(changes(facts_of(before), facts_of(later)))) == [
        ("state", "unseeded → ready"),
        ("next", f"{next_of(before)} → {next_of(later)}"),
        ("seeds pending", "- s"),
        ("seeds", "s: row 50 → complete"),
        ("concluded", "+ models a: ready"),
        ("ended", "none → ready"),
        ("last ready", f"none → {later.entry.at}"),
        ("catalogue", "none → c1"),
    ]
    back = list(
        change_lines(
            changes(facts_of(after(START, BEHIND, R1, R2)), facts_of(after(START, BEHIND, R1, R2, BACK)))
        )
    )
    assert ("revision", "- r2") in back and ("revision", "+ r1") in back
    assert ("applied", "- r2") in back and ("held", "+ r2") in back and ("pending", "+ r2") in back


@some
@given(JOURNALS, st.data())
def test_a_difference_is_complete(entries: list[Entry], data: st.DataObject) -> None:
    """Applied to the facts of one point, it gives those of the other. A point does not differ from itself."""
    assume(entries)
    one, other = (data.draw(st.integers(1, len(entries))) for _ in "ab")
    facts = {point.entry.seq: facts_of(point) for point in points(entries, {one, other})}
    made: dict[str, Any] = {
        field: dict(value) if isinstance(value, dict) else list(value) if isinstance(value, list) else value
        for field, value in facts[one].items()
    }
    for change in changes(facts[one], facts[other]):
        value = made[change.field]
        if change.name is None:
            made[change.field] = change.after
        elif isinstance(value, list):
            value.remove(change.before) if change.after is None else value.append(change.after)
        elif change.after is None and change.name not in facts[other][change.field]:
            del value[change.name]
        else:
            value[change.name] = change.after
    for field, value in facts[other].items():
        assert made[field] == value or sorted(made[field]) == sorted(value), field
    assert changes(facts[one], facts[one]) == []
