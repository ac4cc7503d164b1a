"""What each event adds to knowledge, field by field. All other fields keep their values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from initdb.events.entry import Entry
from initdb.events.knowledge import (
    Applied,
    Backup,
    Doubt,
    Failure,
    Judgement,
    Knowledge,
    LastReady,
    RunRecord,
    SeedRecord,
)
from initdb.events.upcast import CURRENT
from initdb.statemachine.decide.fold import fold, known_from, snapshot_of
from tests.statemachine.test_telling import entry

A, B = {"models": "a"}, {"models": "b"}
BY = {"host": "web-1", "pid": 41}
RUN = RunRecord("run-1", 2, "then", BY, "changed", {"work": 5}, A, reverted=frozenset({"r9"}))
SEEDS = {"a": SeedRecord("a", "t, u", frozenset({"d"})), "b": SeedRecord("b", "w", frozenset(), "p", 4)}
FAILURE = Failure(3, "seed", "then", {"reference": "x"}, B)
DOUBT = Doubt("migrate", "r4", 6, "d4", ("s1", "s2"), "77")
BEFORE = Knowledge(
    seq=7,
    hash="g",
    state="behind",
    journal="j",
    application="shop",
    heads=("r2",),
    applied={"r1": Applied("r1", "d1", "run-0", "t", BY), "r2": Applied("r2", "d2", "run-0", "t", BY)},
    held={"r3": "d3", "r8": None},
    seeds=SEEDS,
    judgements=(Judgement(A), Judgement(B, FAILURE)),
    catalog="c",
    last_run=RUN,
    last_type="outage",
    last_at="then",
    last_data={"old": 1},
    tries=2,
    crashes=1,
    doubt=DOUBT,
    retry=frozenset({"r5", "r6"}),
    memo={"m": 1},
    version_table="v",
    version_schema="s",
    bases=frozenset({"r1"}),
    notes=frozenset({"n"}),
)
VOID: dict[str, Any] = {"judgements": (), "catalog": None}
PROGRESS: dict[str, Any] = {**VOID, "tries": 0, "crashes": 0}


def event(kind: str, data: dict[str, Any], **values: Any) -> Entry:
    made = {"seq": 8, "hash": "h", "run": "run-2", "at": "now", "by": BY, "dest": "", "attempt": 3}
    return replace(entry(kind, data), **{**made, **values})


def added(before: Knowledge, made: Entry) -> dict[str, Any]:
    """The fields that differ afterwards, without those that every event changes."""
    after = fold([made], before)
    assert (after.seq, after.hash) == (made.seq, made.hash)
    assert (after.last_type, after.last_at, after.last_data) == (made.type, made.at, made.data)
    moved = ("seq", "hash", "last_type", "last_at", "last_data")
    names = [name for name in Knowledge.__slots__ if name not in moved]
    return {name: getattr(after, name) for name in names if getattr(after, name) != getattr(before, name)}


def _run(**values: Any) -> RunRecord:
    return replace(RunRecord("run-2", 8, "now", BY, "order", {"work": 6}, A), **values)


BEGIN = {"reason": "order", "code": A, "sessions": {"work": 6}}
EACH: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("outage", {"count": 1}, {}, {}),
    ("invented_later", {"heads": ["x"]}, {}, {}),
    ("invented_later", {"note": "m"}, {}, {"notes": frozenset({"n", "m"})}),
    ("invented_later", {"note": 5}, {}, {}),
    ("journal_created", {"journal": "k", "application": "b"}, {}, {"journal": "k", "application": "b"}),
    ("journal_created", {"journal": 5}, {}, {"journal": None, "application": None}),
    # A run of the same code counts as one more try; one that found another unended, as a crash.
    ("run_started", BEGIN, {}, {"last_run": _run(), "tries": 3}),
    ("run_started", BEGIN | {"code": B}, {}, {"last_run": _run(code=B), "tries": 1, "crashes": 0}),
    ("run_started", BEGIN, {"last_run": None}, {"last_run": _run(), "tries": 1, "crashes": 0}),
    (
        "run_started",
        BEGIN,
        {"last_run": replace(RUN, during="seed")},
        {"last_run": _run(), "tries": 3, "crashes": 2},
    ),
    ("run_resumed", BEGIN, {}, {"last_run": _run(), "tries": 3, "crashes": 2}),
    ("run_resumed", BEGIN | {"code": B}, {}, {"last_run": _run(code=B), "tries": 1}),
    ("run_resumed", BEGIN, {"last_run": None}, {"last_run": _run(), "tries": 1}),
    # An order that is said again goes on with what it reverted.
    (
        "run_resumed",
        BEGIN | {"reason": "changed"},
        {},
        {"last_run": _run(reason="changed", reverted=RUN.reverted), "tries": 3, "crashes": 2},
    ),
    (
        "run_started",
        BEGIN | {"reason": "changed"},
        {"last_run": replace(RUN, ended="failed")},
        {"last_run": _run(reason="changed", reverted=RUN.reverted), "tries": 3},
    ),
    (
        "run_started",
        BEGIN | {"reason": "changed"},
        {"last_run": replace(RUN, ended="stopped")},
        {"last_run": _run(reason="changed"), "tries": 3},
    ),
    (
        "run_started",
        BEGIN,
        {"last_run": replace(RUN, ended="failed")},
        {"last_run": _run(), "tries": 3},
    ),
    ("run_started", {}, {}, {"last_run": _run(reason="", work={}, code={}), "tries": 1, "crashes": 0}),
    (
        "run_started",
        BEGIN | {"code": {"models": 5}},
        {},
        {"last_run": _run(code={"models": "5"}), "tries": 1, "crashes": 0},
    ),
    ("run_continued", {"sessions": {"work": 9}}, {}, {}),
    ("run_stopped", {"why": "order"}, {}, {"last_run": replace(RUN, ended="stopped"), "crashes": 0}),
    (
        "run_stopped",
        {"why": "SIGTERM", "during": "seed"},
        {},
        {"last_run": replace(RUN, ended="stopped", during="seed")},
    ),
    ("run_stopped", {"why": "order"}, {"last_run": None}, {"crashes": 0}),
    ("database_inspected", {"rows": ["r1"]}, {"managed": True}, {"heads": ("r1",)}),
    ("database_inspected", {"rows": ["r1"]}, {"doubt": None}, {"heads": ("r1",), "adopted": True}),
    ("database_inspected", {"rows": []}, {}, {"heads": ()}),
    ("database_inspected", {"rows": ["r2"], "bases": ["s1"]}, {"managed": True}, {"bases": {"r1", "s1"}}),
    ("database_inspected", {"rows": ["r1"], "conflict": ["r2"]}, {"managed": True}, {}),
    ("database_inspected", {"rows": ["r2"], "outside": ["r2"]}, {"managed": True}, VOID),
    (
        "database_inspected",
        {"rows": ["r2"], "version_table": "w", "version_schema": "x"},
        {"managed": True},
        {"version_table": "w", "version_schema": "x"},
    ),
    (
        "database_inspected",
        {"started_over": True},
        {"managed": True, "adopted": True},
        {
            **{**VOID, "heads": (), "applied": {}, "seeds": {}, "memo": {}, "doubt": None},
            **{"managed": False, "adopted": False, "bases": frozenset()},
        },
    ),
    (
        "schema_created",
        {"tables": ["u"], "heads": ["r7"]},
        {"adopted": True},
        {**PROGRESS, "heads": ("r7",), "managed": True, "adopted": False, "seeds": {"b": SEEDS["b"]}},
    ),
    (
        "schema_created",
        {"version_table": "w", "version_schema": "x"},
        {},
        {**PROGRESS, "managed": True, "version_table": "w", "version_schema": "x"},
    ),
    ("schema_adopted", {"tables": ["u"]}, {}, {**PROGRESS, "managed": True, "adopted": True}),
    (
        "migration_applied",
        {"revision": "r3", "digest": "d9", "memo": {"k": 2}, "heads": []},
        {},
        {
            **PROGRESS,
            **{"heads": (), "managed": True, "memo": {"k": 2}, "held": {"r8": None}},
            "applied": {**BEFORE.applied, "r3": Applied("r3", "d9", "run-2", "now", BY)},
        },
    ),
    (
        "migration_applied",
        {"revision": "r4", "marked": True},
        {"managed": True},
        {
            **PROGRESS,
            **{"memo": {}, "doubt": None},
            "applied": {**BEFORE.applied, "r4": Applied("r4", None, "run-2", "now", BY, marked=True)},
        },
    ),
    (
        "migration_applied",
        {"revision": "r5", "memo": {"m": 1}},
        {"managed": True},
        {
            **PROGRESS,
            "retry": frozenset({"r6"}),
            "applied": {**BEFORE.applied, "r5": Applied("r5", None, "run-2", "now", BY)},
        },
    ),
    (
        "migration_reverted",
        {"revision": "r2", "digest": "d2"},
        {},
        {
            **PROGRESS,
            **{"managed": True, "applied": {"r1": BEFORE.applied["r1"]}, "held": {**BEFORE.held, "r2": "d2"}},
            "last_run": replace(RUN, reverted=frozenset({"r9", "r2"})),
        },
    ),
    (
        "migration_reverted",
        {"revision": "r4"},
        {"managed": True, "last_run": None},
        {**PROGRESS, "held": {**BEFORE.held, "r4": None}, "doubt": None},
    ),
    ("hold_released", {"revisions": ["r3", "r7"]}, {}, {"held": {"r8": None}}),
    (
        "seed_batch_applied",
        {"source": "b", "table": "y", "digest": "p", "next": 9},
        {},
        {**PROGRESS, "seeds": {**SEEDS, "b": SeedRecord("b", "y", frozenset(), "p", 9)}},
    ),
    (
        "seed_batch_applied",
        {"source": "a", "digest": "e", "complete": True},
        {},
        {
            **PROGRESS,
            "seeds": {**SEEDS, "a": SeedRecord("a", "t, u", frozenset({"d", "e"}), None, 0, "e", "now")},
        },
    ),
    (
        "seed_batch_applied",
        {"source": "c", "digest": "e", "complete": True},
        {},
        {**PROGRESS, "seeds": {**SEEDS, "c": SeedRecord("c", None, frozenset({"e"}), None, 0, "e", "now")}},
    ),
    ("repair_applied", {"tables": ["w"]}, {}, {**PROGRESS, "seeds": {"a": SEEDS["a"]}}),
    (
        "health_validated",
        {"catalog": "c", "code": A, "warnings": ["w"]},
        {"adopted": True},
        {
            **{"tries": 0, "crashes": 0, "managed": True, "adopted": False},
            "judgements": (Judgement(B, FAILURE), Judgement(A, warnings=("w",))),
            "last_run": replace(RUN, ended="ready"),
            "last_ready": LastReady("now"),
        },
    ),
    (
        "health_validated",
        {"catalog": "d"},
        {"last_run": None, "backed_up": True, "backup": Backup("/b/1", "then")},
        {
            **{"backed_up": False, "backup": Backup("/b/1", "then", is_past=True)},
            **{"tries": 0, "crashes": 0, "managed": True, "catalog": "d"},
            "judgements": (Judgement({}),),
            "last_ready": LastReady("now"),
        },
    ),
    (
        "step_failed",
        {"step": "seed", "error": {"reference": "y"}, "code": B, "catalog": "c", "clock": 2.5},
        {},
        {
            "judgements": (
                Judgement(A),
                Judgement(B, Failure(8, "seed", "now", {"reference": "y"}, B, 3, 2.5, "run-2", BY)),
            ),
            "last_run": replace(RUN, ended="failed"),
        },
    ),
    (
        "step_failed",
        {},
        {},
        {
            "catalog": None,
            "judgements": (Judgement({}, Failure(8, "", "now", {}, {}, 3, 0.0, "run-2", BY)),),
            "last_run": replace(RUN, ended="failed"),
        },
    ),
    ("step_failed", {"asked": True, "catalog": "d"}, {}, {"last_run": replace(RUN, ended="failed")}),
    (
        "step_started",
        {"step": "migrate", "subject": "r7", "digest": "d7", "statements": ["s"], "xid": "78"},
        {},
        {**PROGRESS, "doubt": Doubt("migrate", "r7", 8, "d7", ("s",), "78")},
    ),
    (
        "step_started",
        {"step": "migrate", "subject": "r4", "statements": ["s1", "s2"]},
        {},
        {**VOID, "doubt": Doubt("migrate", "r4", 8, None, ("s1", "s2"), None)},
    ),
    *(
        (
            "step_started",
            {"step": "migrate", "subject": "r4", "statements": ["s1", "s2"]} | other,
            {},
            {
                **PROGRESS,
                "doubt": Doubt(
                    other.get("step", "migrate"),
                    other.get("subject", "r4"),
                    8,
                    None,
                    tuple(other.get("statements", ("s1", "s2"))),
                ),
            },
        )
        for other in ({"step": "roll_back"}, {"subject": "r3"}, {"statements": ["s1"]})
    ),
    ("step_started", {}, {"doubt": None}, {**PROGRESS, "doubt": Doubt("", "", 8)}),
    (
        "override",
        {"retry": ["r4", "r7"], "reseed": ["a", "z"]},
        {},
        {
            **{"tries": 0, "crashes": 0, "doubt": None},
            **{"retry": frozenset({"r4", "r5", "r6", "r7"}), "seeds": {"b": SEEDS["b"]}},
        },
    ),
    ("override", {}, {}, {"tries": 0, "crashes": 0}),
    ("history_rewound", {}, {}, VOID),
    ("backup_made", {"file": "/b/2"}, {"backup": Backup("/b/1", "then")}, {"backed_up": True}),
    (
        "backup_made",
        {"command": "c"},
        {"backup": Backup("/b/1", "then", is_past=True)},
        {"backed_up": True, "backup": Backup("by c", "now")},
    ),
]


@pytest.mark.parametrize(
    ("kind", "data", "before", "adds"),
    [pytest.param(*case, id=f"{case[0]}-{number}") for number, case in enumerate(EACH)],
)
def test_what_an_event_adds(
    kind: str, data: dict[str, Any], before: dict[str, Any], adds: dict[str, Any]
) -> None:
    """Nothing else changes, and the knowledge before it is not modified."""
    known = replace(BEFORE, **before)
    assert added(known, event(kind, data)) == adds
    after = fold([event(kind, data)], known)
    assert isinstance(after.retry, frozenset) and isinstance(after.notes, frozenset)
    assert known == replace(BEFORE, **before)


def test_a_run_of_this_stay_goes_on_by_other_sessions() -> None:
    """The run of another stay does not."""
    made = event("run_continued", {"sessions": {"work": 9}}, run="run-1")
    assert added(BEFORE, made) == {"last_run": replace(RUN, work={"work": 9})}
    assert added(replace(BEFORE, last_run=None), made) == {}


def test_an_empty_database_has_nothing_applied() -> None:
    """The state after the inspection says that it is empty."""
    made = event("database_inspected", {}, dest="empty")
    cleared = {"state": "empty", "heads": (), "applied": {}, "seeds": {}, "memo": {}, "doubt": None}
    assert added(replace(BEFORE, managed=True, adopted=True), made) == {
        **cleared,
        "bases": frozenset(),
        "managed": False,
        "adopted": False,
    }


def test_the_state_is_where_the_event_leads() -> None:
    """An event without a state does not change it."""
    assert added(BEFORE, event("outage", {}, dest="ready")) == {"state": "ready"}
    assert added(BEFORE, event("outage", {})) == {}


def test_the_highest_version_counts() -> None:
    """Any event may have it."""
    newer = event("outage", {}, v=CURRENT + 4)
    assert added(BEFORE, newer) == {"version": CURRENT + 4}
    assert fold([newer, event("outage", {}, v=CURRENT)], BEFORE).version == CURRENT + 4


def test_a_snapshot_is_seen_by_nobody() -> None:
    """The last event is the one before it. What was known is known again from the snapshot."""
    said = snapshot_of(BEFORE)
    assert said is not None
    made = event("snapshot", said.data())
    after = fold([made], BEFORE)
    assert after == replace(BEFORE, seq=8, hash="h")
    assert known_from(made) == after
    assert known_from(None) is None
    assert known_from(event("outage", said.data())) is None
    assert known_from(event("snapshot", said.data() | {"fold": 99})) is None
