"""Each sentence in each of its forms, with all that an event can say and with nothing."""

from __future__ import annotations

from typing import Any

import pytest

from initdb.events.types import EVENTS, NOTES
from initdb.statemachine.render.sentences import details, place, said, told, who
from tests.statemachine.test_telling import entry

FORMS: dict[str, list[tuple[dict[str, Any], str]]] = {
    "journal_created": [
        (
            {"database": "postgresql", "server": "18.1", "schema": "audit", "application": "shop"},
            "the journal of shop was created in schema audit (postgresql 18.1)",
        ),
        (
            {"database": "sqlite", "server": "3.45", "schema": "main", "application": "application"},
            "the journal was created (sqlite 3.45)",
        ),
        ({"database": "sqlite", "application": None}, "the journal was created (sqlite )"),
    ],
    "run_started": [
        ({"reason": "first boot", "changed": []}, "began: first boot"),
        ({"reason": "changed", "changed": ["models", "seeds"]}, "began: changed (models, seeds)"),
        ({"reason": "changed", "changed": [1]}, "began: changed (1)"),
    ],
    "run_continued": [({"reason": "another worked"}, "continued: another worked")],
    "run_resumed": [
        (
            {
                "interrupted": {
                    "by": {"app": "a", "host": "h", "pid": 7},
                    "state": "empty",
                    "last": "x",
                    "at": "T",
                },
                "attempt": 2,
            },
            "continued the run of a on h (process 7), which was interrupted in state empty after x at T;"
            " attempt 2",
        ),
        (
            {"interrupted": None, "attempt": 3},
            "continued the run of ? on ? (process ?), which was interrupted in state None after None at None;"
            " attempt 3",
        ),
    ],
    "database_inspected": [
        ({"tables": [], "rows": []}, "found 0 tables"),
        ({"tables": ["a"], "there": 50}, "found 50 tables"),
        ({"tables": [], "there": 1, "missing": ["m"]}, "found 1 table, 1 missing"),
        ({"tables": ["a", "b"], "rows": ["r1", "r2"]}, "found 2 tables; at revision r1, r2"),
        (
            {
                "tables": ["a"],
                "missing": ["m"],
                "pending": ["p"],
                "seeds_pending": ["s"],
                "conflict": ["c"],
                "outside": ["o"],
                "leftovers": ["l"],
            },
            "found 1 table, 1 missing, 1 revision pending, 1 seed pending, 1 revision lost,"
            " 1 revision applied by others, 1 leftover",
        ),
        (
            {
                "tables": ["a"],
                "missing": ["m"] * 2,
                "pending": ["p"] * 2,
                "seeds_pending": ["s"] * 2,
                "conflict": ["c"] * 2,
                "outside": ["o"] * 2,
                "leftovers": ["l"] * 2,
            },
            "found 1 table, 2 missing, 2 revisions pending, 2 seeds pending, 2 revisions lost,"
            " 2 revisions applied by others, 2 leftovers",
        ),
        ({"edited": {"env.py": "e"}}, "found 0 tables, 1 edited file"),
        ({"edited": {"env.py": "e", "seed s": ""}}, "found 0 tables, 2 edited files"),
    ],
    "schema_created": [
        ({"tables": []}, "created 0 tables"),
        ({"tables": ["a"], "heads": ["h", "i"], "ms": 38}, "created 1 table: a; stamped h, i (38 ms)"),
        ({"tables": list("abcdef")}, "created 6 tables: a, b, c, d, e, f"),
        ({"tables": list("abcdefg")}, "created 7 tables: a, b, c, d, e, f and 1 more"),
    ],
    "schema_adopted": [
        ({"tables": ["a"]}, "adopted 1 table"),
        (
            {"tables": ["a", "b"], "heads": ["h"], "marked": True, "ms": 1.5},
            "adopted 2 tables, as a person ordered; stamped h (1.5 ms)",
        ),
    ],
    "migration_applied": [
        ({"revision": "r1"}, "applied revision r1"),
        ({"revision": "r1", "of": 3}, "applied revision r1"),
        (
            {"revision": "r1", "doc": "why", "marked": True},
            'revision r1 "why" was marked as applied by a person',
        ),
        (
            {"revision": "r1", "number": 1, "of": 2, "found": ["t", "u"], "ms": 7},
            "applied revision r1, 1 of 2; already done by an interrupted run: t, u (7 ms)",
        ),
    ],
    "migration_reverted": [
        (
            {"revision": "r1", "ms": 7},
            "rolled back revision r1; it is held until it is released or its file changes (7 ms)",
        ),
    ],
    "seed_batch_applied": [
        (
            {"source": "s", "assumed": True},
            "s is assumed to be applied: on adopted tables this cannot be known",
        ),
        ({"source": "s", "ms": 4}, "seeded s (4 ms)"),
        ({"source": "s", "created": 2, "complete": True}, "seeded s: 2 created"),
        ({"source": "t", "table": "t", "complete": True}, "seeded t: no rows"),
        (
            {
                "source": "s",
                "table": "t",
                "created": 1,
                "updated": 2,
                "skipped": 3,
                "differing": 4,
                "complete": True,
            },
            "seeded s into t: 1 created, 2 updated, 3 there already, 4 of them different",
        ),
        (
            {"source": "s", "table": "t", "created": 1, "next": 9, "ms": 5},
            "seeded s into t: 1 created; up to row 9 so far (5 ms)",
        ),
    ],
    "health_validated": [
        ({"checks": {"a": 1, "b": 2}, "ms": 6}, "2 checks passed (6 ms)"),
        ({"checks": {"a": 1}, "warnings": ["w", "x"]}, "1 check passed, 2 warnings"),
        ({"checks": {}, "warnings": ["w"]}, "every check passed, 1 warning"),
        ({"checks": ["a"]}, "every check passed"),
    ],
    "defects_found": [({"issues": []}, "found 0 defects"), ({"issues": [1, 2]}, "found 2 defects")],
    "repair_applied": [
        ({"actions": []}, "repaired: nothing"),
        (
            {"actions": ["made a", "made b"], "defects": ["c"], "ms": 8},
            "repaired: made a; made b; 1 left (8 ms)",
        ),
        ({"actions": [1]}, "repaired: 1"),
    ],
    "run_stopped": [
        ({"why": "asked"}, "ended before ready: asked"),
        ({"why": "SIGTERM", "during": "seed"}, "ended before ready: SIGTERM during seed"),
    ],
    "step_failed": [
        ({"step": "seed", "error": {"reference": "x", "context": ["a", "b"]}}, "seed failed: x (a)"),
        ({"step": "seed", "error": {"reference": "x"}}, "seed failed: x"),
        ({"step": "seed", "error": None}, "seed failed: None"),
    ],
    "step_started": [({"step": "migrate", "subject": "r"}, "migrate of r began outside a transaction")],
    "hold_released": [
        ({"revisions": ["r1", "r2"]}, "released r1, r2"),
        ({"revisions": ["r1"], "reason": "it is fixed"}, 'released r1; reason: "it is fixed"'),
    ],
    "password_set": [
        ({"username": "admin"}, "gave the user admin another password"),
        (
            {"username": "admin", "must_change": True, "reason": "lost"},
            'gave the user admin another password; it must be changed at the next log-in; reason: "lost"',
        ),
    ],
    "override": [
        ({}, "a person ordered: go on"),
        ({"overrides": 7}, "a person ordered: retry the failure of entry 7"),
        (
            {"overrides": 7, "retry": ["r1", "r2"], "reseed": ["s", "t"]},
            "a person ordered: retry the failure of entry 7, apply r1, r2 again, apply the seeds s, t again",
        ),
        ({"accepts": {"seed s": ""}}, "a person ordered: go on, accept as edited or removed: seed s"),
    ],
    "outage": [
        (
            {"first": "T1", "last": "T2", "count": 3, "reference": "refused"},
            "the database could not be used from T1 to T2, tried 3 times: refused",
        ),
    ],
    "history_rewound": [
        (
            {"was": 9, "is": 4},
            "the journal went back from entry 9 to 4: a restored backup or a failover",
        ),
    ],
}


@pytest.mark.parametrize(
    ("kind", "data", "sentence"),
    [
        pytest.param(kind, data, sentence, id=f"{kind}-{number}")
        for kind, forms in FORMS.items()
        for number, (data, sentence) in enumerate(forms)
    ],
)
def test_a_form_of_a_sentence(kind: str, data: dict[str, Any], sentence: str) -> None:
    """This is what a person reads."""
    assert said(kind, data) == told(entry(kind, data)) == sentence


@pytest.mark.parametrize("kind", [*EVENTS, *NOTES])
def test_a_sentence_that_cannot_be_made_says_the_meaning_of_its_type(kind: str) -> None:
    """Data that is no mapping is of another version."""
    assert said(kind, 5) == {**EVENTS, **NOTES}[kind]


def test_a_duration_that_is_no_number_is_left_out() -> None:
    """The rest of the sentence remains."""
    assert said("migration_applied", {"revision": "r1", "ms": "7"}) == "applied revision r1"


@pytest.mark.parametrize(
    ("issue", "line"),
    [
        ({"text": "t is missing.", "severity": "warning"}, "warning: t is missing."),
        ({"text": "t is missing.", "suggestion": "Make it."}, "error: t is missing. Make it."),
        ({"name": "n"}, "error: n"),
        ({}, "error: ?"),
        ("a text", "a text"),
        (5, "5"),
    ],
)
def test_a_defect_is_a_line(issue: object, line: str) -> None:
    """An older or newer version may have stored it in another form."""
    assert details(entry("defects_found", {"issues": [issue]})) == (line,)


def test_warnings_are_lines() -> None:
    """Any event may have warnings. Each is one line."""
    lines = ("warning: w", "warning: a\\nb")
    assert details(entry("seed_batch_applied", {"warnings": ["w", "a\nb"]})) == lines
    assert details(entry("seed_batch_applied", {"warnings": ("w",)})) == ("warning: w",)
    assert details(entry("seed_batch_applied", {"warnings": "w"})) == ()
    assert details(entry("step_failed", {"error": "no", "warnings": ["w"]})) == ("warning: w",)


def test_who_and_where_have_room_for_long_names() -> None:
    """The room has an end."""
    host = "h" * 200
    assert place({"host": "h" * 77, "pid": 1}) == "h" * 77 + "/1"
    assert who({"app": "a" * 70, "host": "h" * 70, "pid": 1}) == f"{'a' * 70} on {'h' * 70} (process 1)"
    assert (len(place({"host": host, "pid": 1})), len(who({"host": host}))) == (80, 160)
