"""The sentence for an entry of each type, whatever its data contains."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initdb.errors import InitError
from initdb.events.chain import GENESIS
from initdb.events.entry import Entry, Moment, Turn, write
from initdb.events.types import EVENTS, NOTES
from initdb.statemachine.render.sentences import details, place, told, who
from tests.support.examples import some

BY = {"host": "web-1", "pid": 41, "app": "shop", "initdb": "0.1.0"}


def entry(kind: str, data: dict[str, Any]) -> Entry:
    """An entry of this type, as it is read from a journal."""
    moment = Moment("run", "2026-11-23T08:06:41.218903Z", 1, BY)
    return write(0, GENESIS, moment, Turn(kind, "note", "behind", "behind"), data)


@pytest.mark.parametrize(
    ("kind", "data", "sentence"),
    [
        (
            "run_started",
            {"reason": "changed", "changed": ["models", "seeds"]},
            "began: changed (models, seeds)",
        ),
        (
            "run_resumed",
            {
                "interrupted": {"by": BY, "state": "behind", "last": "migration_applied", "at": "T"},
                "attempt": 2,
            },
            "continued the run of shop on web-1 (process 41), which was interrupted in state behind after"
            " migration_applied at T; attempt 2",
        ),
        (
            "database_inspected",
            {"tables": ["a"], "pending": ["r1", "r2"], "rows": ["r0"]},
            "found 1 table, 2 revisions pending; at revision r0",
        ),
        (
            "schema_created",
            {"tables": list("abcdefgh"), "heads": ["h"], "ms": 38.4},
            "created 8 tables: a, b, c, d, e, f and 2 more; stamped h (38.4 ms)",
        ),
        (
            "migration_applied",
            {"revision": "r1", "doc": "make it", "number": 2, "of": 5, "ms": 3},
            'applied revision r1 "make it", 2 of 5 (3 ms)',
        ),
        (
            "journal_created",
            {"database": "sqlite", "server": "3", "dropped_by": ["r2", "r3"]},
            "the journal was created (sqlite 3); the one before was dropped by revision r2, r3",
        ),
        ("journal_created", {"database": "sqlite", "server": "3"}, "the journal was created (sqlite 3)"),
        ("migration_applied", {"revision": "r1", "of": 5}, "applied revision r1"),
        ("migration_applied", {"revision": "r1", "number": 2}, "applied revision r1"),
        (
            "migration_applied",
            {"revision": "r1", "marked": True},
            "revision r1 was marked as applied by a person",
        ),
        (
            "seed_batch_applied",
            {"source": "10_a.csv", "table": "a", "created": 3, "skipped": 2, "complete": False, "next": 5},
            "seeded 10_a.csv into a: 3 created, 2 there already; up to row 5 so far",
        ),
        ("seed_batch_applied", {"source": "f", "table": None, "complete": True}, "seeded f"),
        ("health_validated", {"checks": {"schema": "ok"}, "warnings": ["w"]}, "1 check passed, 1 warning"),
        ("defects_found", {"issues": [{}]}, "found 1 defect"),
        ("repair_applied", {"actions": ["made a"], "defects": ["b"]}, "repaired: made a; 1 left"),
        (
            "run_stopped",
            {"why": "SIGTERM", "during": "migrate"},
            "ended before ready: SIGTERM during migrate",
        ),
        ("step_started", {"step": "migrate", "subject": "r1"}, "migrate of r1 began outside a transaction"),
        ("hold_released", {"revisions": ["r1"]}, "released r1"),
        ("database_created", {"name": "shop", "server": "shop on db"}, "created the database shop on db"),
        (
            "database_created",
            {"name": "shop", "allowed_by": "person"},
            "created the database shop, as a person was asked and agreed",
        ),
        ("backup_made", {"file": "/b/1", "size": 123_456, "ms": 5}, "backed up to /b/1, 123 kB (5 ms)"),
        ("backup_made", {"file": "/b/1", "size": 999}, "backed up to /b/1, 999 B"),
        ("backup_made", {"command": "a b"}, "backed up by a b"),
        (
            "database_restored",
            {"backup": "/b/1", "was": 9, "is": 5, "replaced": "/b/2"},
            "restored the database from /b/1, from entry 9 back to entry 5; what it replaced is /b/2",
        ),
        (
            "database_restored",
            {"backup": "/b/1", "is": 5},
            "restored the database from /b/1, from a journal that could not be read back to entry 5",
        ),
        (
            "override",
            {"overrides": 7, "retry": ["r1"]},
            "a person ordered: retry the failure of entry 7, apply r1 again",
        ),
        (
            "history_rewound",
            {"was": 9, "is": 4},
            "the journal went back from entry 9 to 4: a restored backup or a failover",
        ),
        ("checkpoint", {}, NOTES["checkpoint"]),
        ("from_the_future", {}, "of a type that this version does not know"),
    ],
)
def test_a_sentence(kind: str, data: dict[str, Any], sentence: str) -> None:
    """It is calm and complete."""
    assert told(entry(kind, data)) == sentence


def test_a_failure_is_told_as_it_was_rendered() -> None:
    """The sentence is one line, and the lines below have all of it."""
    error = InitError("revision-failed", "revision r1, 001.py line 3", database="sqlite").rendered()
    failed = entry("step_failed", {"step": "migrate", "error": error.as_data()})
    assert told(failed) == "migrate failed: revision-failed (revision r1, 001.py line 3)"
    assert details(failed)[0] == "error: revision-failed"
    assert any(line.startswith("fix: ") for line in details(failed))


def test_defects_and_warnings_stand_below() -> None:
    """Each has its suggestion."""
    issue = {"text": "The table t is missing.", "severity": "error", "suggestion": "initdb repair makes it."}
    assert details(entry("defects_found", {"issues": [issue]})) == (
        "error: The table t is missing. initdb repair makes it.",
    )
    assert details(entry("health_validated", {"warnings": ["w"]})) == ("warning: w",)


def test_who_and_where() -> None:
    """An event may not say it."""
    assert (place(BY), who(BY)) == ("web-1/41", "shop on web-1 (process 41)")
    assert (place({}), who({})) == ("?/?", "? on ? (process ?)")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = (  # what sentences are made of
    "reason",
    "changed",
    "interrupted",
    "tables",
    "missing",
    "rows",
    "ms",
    "heads",
    "doc",
    "of",
    "number",
    "source",
    "table",
    "created",
    "complete",
    "checks",
    "warnings",
    "issues",
    "actions",
    "why",
    "error",
    "step",
    "overrides",
    "retry",
    "count",
    "was",
    "by",
    "state",
    "last",
    "at",
    "context",
)


@some
@given(
    kind=st.sampled_from([*EVENTS, *NOTES]), data=st.dictionaries(st.sampled_from(KEYS), anything, max_size=6)
)
def test_whatever_an_event_holds_it_is_one_printable_line(kind: str, data: dict[str, Any]) -> None:
    """An event of a newer version, or a hostile one, does not break a listing."""
    one = entry(kind, data)
    assert told(one)
    assert all(line.isprintable() for line in (told(one), *details(one), place(one.by)))
