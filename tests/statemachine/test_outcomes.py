"""An outcome as a caller of the library and a shell see it."""

from __future__ import annotations

import signal
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from initdb.errors import InitError, render
from initdb.events.entry import Entry
from initdb.events.knowledge import Failure, Judgement, Knowledge, RunRecord
from initdb.events.payloads.notes import HoldReleased
from initdb.settings import Settings
from initdb.statemachine import orders, reporting
from initdb.statemachine.decide.verdict import Look, Verdict
from initdb.statemachine.initializer import failed
from initdb.statemachine.loop.order import Report
from initdb.statemachine.loop.outcome import Outcome
from initdb.steps.seeds.model import SeedSource
from tests.statemachine.test_telling import entry

SETTINGS = Settings()
ERROR = InitError("disk-full", "no room on /data", database="sqlite").rendered()
BY = {"app": "shop", "host": "web-1", "pid": 41}


@pytest.mark.parametrize(
    ("ending", "own", "settings", "code"),
    [
        ("ready", 0, {}, 0),
        ("failed", 1, {}, 1),
        ("failed", 2, {}, 2),
        ("pending", 3, {}, 3),
        ("busy", 4, {}, 4),
        ("stopped", 143, {}, 143),
        ("held", 9, {"when_held": "serve"}, 0),
        ("held", 9, {"when_held": "exit"}, 3),
        ("held", 9, {"when_held": "serve", "when_ahead": "exit"}, 0),
        ("ahead", 9, {"when_ahead": "serve"}, 0),
        ("ahead", 9, {"when_ahead": "exit"}, 3),
        ("ahead", 9, {"when_ahead": "serve", "when_held": "exit"}, 0),
    ],
)
def test_the_exit_code(ending: Any, own: int, settings: dict[str, Any], code: int) -> None:
    """For held and ahead the settings decide; any other outcome has its own."""
    outcome = Outcome(ending, exit_code=own)
    configured = replace(SETTINGS, **settings)
    assert reporting.exit_code(outcome, configured) == code
    result = reporting.result_of(outcome, "sqlite", configured)
    assert (result.exit_code, result.success, result.outcome) == (code, code == 0, ending)


def test_a_result_says_what_was_done_and_what_was_wrong() -> None:
    """It has a line for each step, the error as it is shown, and the cautions before the verdict's
    warnings."""
    entries = [entry("run_started", {}), entry("health_validated", {})]
    outcome = Outcome(
        "failed",
        verdict=Verdict("ready", warnings=("an index is missing",)),
        report=Report("run", entries),
        error=ERROR,
        exit_code=1,
        cautions=("the folder is shared",),
    )
    result = reporting.result_of(outcome, "postgresql", SETTINGS)
    assert result.steps_completed == ["validated"]
    assert result.errors == [render(ERROR)]
    assert result.warnings == ["the folder is shared", "an index is missing"]
    assert (result.duration, result.database_type) == (0.0, "postgresql")


def test_a_result_of_nothing_is_empty() -> None:
    """There is no report, no error and no verdict."""
    result = reporting.result_of(Outcome("ready"), "sqlite", SETTINGS)
    assert (result.steps_completed, result.errors, result.warnings) == ([], [], [])


def test_what_could_not_be_begun_has_failed() -> None:
    """The exit code is that of the error."""
    error = InitError("no-such-revision", "r9")
    result = failed(error)
    assert (result.success, result.errors) == (False, [render(error.rendered())])
    assert (result.outcome, result.exit_code, result.database_type) == ("failed", 2, "unknown")
    assert (result.steps_completed, result.warnings, result.duration) == ([], [], 0.0)
    assert failed(error, "sqlite").database_type == "sqlite"


@pytest.mark.parametrize(
    ("verdict", "warnings"),
    [
        (None, []),
        (Verdict("ready"), []),
        (Verdict("work", warnings=("w",)), ["w"]),
        (
            Verdict("ahead", revisions=("r8", "r9")),
            ["The database has revisions that this code does not know: r8, r9"],
        ),
        (
            Verdict("held", revisions=("r1", "r2")),
            [
                "A revision was rolled back and is held: no boot applies it again by itself. Held: r1, r2",
            ],
        ),
    ],
)
def test_what_a_verdict_warns_of(verdict: Verdict | None, warnings: list[str]) -> None:
    """A warning is no failure."""
    assert reporting.warnings_of(Outcome("ready", verdict=verdict)) == warnings


RUN = RunRecord("run", 3, "t", by=BY)


@pytest.mark.parametrize(
    ("outcome", "reference", "context"),
    [
        (Outcome("failed", error=ERROR, signum=15), "disk-full", "no room on /data"),
        (Outcome("stopped", signum=signal.SIGTERM), "stopped", "SIGTERM"),
        (
            Outcome("busy", knowledge=Knowledge(last_run=RUN)),
            "another-process-at-work",
            "shop on web-1 (process 41)",
        ),
        (Outcome("busy", knowledge=Knowledge()), "another-process-at-work", ""),
        (Outcome("busy"), "another-process-at-work", ""),
        (Outcome("held", verdict=Verdict("held", revisions=("r1", "r2"))), "migration-held", "r1, r2"),
        (Outcome("ahead", verdict=Verdict("ahead", revisions=("r9",))), "database-ahead", "r9"),
        (Outcome("pending", verdict=Verdict("work", revisions=("r1",))), "pending-work", "r1"),
        (Outcome("pending"), "pending-work", ""),
    ],
)
def test_why_it_is_not_ready(outcome: Outcome, reference: str, context: str) -> None:
    """It is the error that was met, or a row of the catalogue with what is known."""
    reason = reporting.reason_of(outcome)
    assert (reason.reference, reason.context) == (reference, (context,) if context else ())


def _ended(kind: str, data: dict[str, Any], dest: str = "behind") -> Entry:
    return replace(entry(kind, data), dest=dest)


@pytest.mark.parametrize(
    ("made", "line"),
    [
        (_ended("database_inspected", {}, "empty"), "inspected: empty"),
        (_ended("schema_created", {"tables": ["a", "b"]}), "schema created: 2 tables"),
        (_ended("schema_created", {}), "schema created: 0 tables"),
        (_ended("schema_adopted", {"tables": ["a"]}), "schema adopted: 1 tables"),
        (_ended("schema_adopted", {"tables": None}), "schema adopted: 0 tables"),
        (_ended("migration_applied", {"revision": "r1"}), "migration applied: r1"),
        (_ended("migration_reverted", {"revision": "r1"}), "migration reverted: r1"),
        (_ended("seed_batch_applied", {"source": "s", "complete": True}), "seeded: s"),
        (_ended("seed_batch_applied", {"source": "s", "complete": False}), None),
        (_ended("repair_applied", {"actions": ["made a", 2]}), "repaired: made a; 2"),
        (_ended("repair_applied", {}), "repaired: "),
        (_ended("health_validated", {}), "validated"),
        (_ended("defects_found", {"issues": [1, 2, 3]}), "defects found: 3"),
        (_ended("defects_found", {}), "defects found: 0"),
        (_ended("run_started", {}), None),
        (_ended("step_failed", {}), None),
    ],
)
def test_the_line_of_a_step(made: Entry, line: str | None) -> None:
    """A note has no line, and neither has a batch that is not the last of its source."""
    assert reporting.step_line(made) == line


def test_a_repair_says_what_it_did_and_could_not_do() -> None:
    """The actions of all its events are listed, in order."""
    entries = [
        entry("repair_applied", {"actions": ["made a", 2]}),
        entry("health_validated", {"actions": ["no"]}),
        entry("repair_applied", {"actions": None}),
        entry("repair_applied", {"actions": ["made c"]}),
    ]
    result = reporting.repair_result(Outcome("failed", report=Report("run", entries), error=ERROR), 2.5)
    assert (result.success, result.duration) == (False, 2.5)
    assert result.repaired == ["made a", "2", "made c"]
    assert result.not_repaired == ["no room on /data"]
    assert result.suggestions == [ERROR.fix]
    assert result.errors == [render(ERROR)]


@pytest.mark.parametrize(
    ("ending", "success"),
    [
        ("ready", True),
        ("held", True),
        ("ahead", True),
        ("failed", False),
        ("busy", False),
        ("stopped", False),
    ],
)
def test_a_repair_succeeds_where_nothing_is_left_to_repair(ending: Any, success: bool) -> None:
    """A held revision is no defect."""
    result = reporting.repair_result(Outcome(ending), 0.0)
    assert (result.success, result.repaired, result.not_repaired) == (success, [], [])
    assert (result.suggestions, result.errors) == ([], [])


def test_a_function_without_a_key_is_not_seeded_again() -> None:
    """It could do its work twice."""
    sources = [
        SeedSource("a.csv", "rows", "a", "d"),
        SeedSource("fill", "python callable", None, "d"),
        SeedSource("fill_by_key", "python callable", None, "d", key=("name",)),
        SeedSource("rows_of", "python rows", None, "d"),
    ]
    order = orders.reseed(sources)
    assert (order.reason, order.reseed) == ("seed", ("a.csv", "fill_by_key", "rows_of"))
    assert order.forced


def _look(failure: Failure | None) -> Look:
    judgements = (Judgement({"models": "a"}, failure),) if failure else ()
    return Look(Knowledge(catalog="c", last_run=RUN, judgements=judgements), {"models": "a"}, "c")


def test_resume_overrides_the_failure_that_stands() -> None:
    """It names the failure's entry. If nothing failed, it overrides nothing."""
    order = orders.resume(_look(Failure(7, "migrate", "t", {}, {})))
    assert (order.override, order.insist, order.reason, order.forced) == (7, True, None, False)
    order = orders.resume(_look(None))
    assert (order.override, order.insist, order.firsts, order.retry) == (None, True, (), ())


def test_resume_with_revisions_begins_in_any_case() -> None:
    """They are applied again, or recorded as applied."""
    seen = _look(Failure(7, "migrate", "t", {}, {}))
    order = orders.resume(seen, retry=["r1", "r2"])
    assert (order.reason, order.override, order.retry, order.insist) == ("resume", 7, ("r1", "r2"), True)
    assert order.firsts == ()
    order = orders.resume(seen, mark=["r1", "r2"])
    assert (order.reason, order.override, order.retry, order.insist) == ("resume", 7, (), True)
    assert len(order.firsts) == 2


def test_a_revision_cannot_be_marked_without_revisions() -> None:
    """The application has no directory of revisions."""
    (mark,) = orders.resume(_look(None), mark=["r1"]).firsts
    with pytest.raises(InitError) as error:
        mark(SimpleNamespace(application=SimpleNamespace(graph=None)), "behind")
    assert (error.value.reference, error.value.context) == ("no-such-revision", ("r1",))


@pytest.mark.parametrize(("to", "reason"), [(None, "rollback"), ("r1", "rollback to r1")])
def test_the_reason_of_a_rollback_names_where_to(to: str | None, reason: str) -> None:
    """If the same order is given again, it is recognised by its reason."""
    order = orders.roll_back(to)
    assert (order.reason, order.trigger, order.insist) == (reason, "roll_back", False)
    assert order.command is not None
    with pytest.raises(InitError) as error:
        order.command(SimpleNamespace(application=SimpleNamespace(graph=None)))
    assert error.value.reference == "migrations-not-found"
    assert error.value.context == ("there are no revisions to roll back",)


def _released(names: list[str], held: dict[str, str | None]) -> Any:
    order = orders.release(names)
    assert (order.reason, order.trigger) == ("release", "note")
    assert order.command is not None
    return order.command(SimpleNamespace(knowledge=Knowledge(held=held)))


@pytest.mark.parametrize(
    ("names", "released"), [([], ["r1", "r2"]), (["r2"], ["r2"]), (["r2", "r1"], ["r2", "r1"])]
)
def test_what_is_released(names: list[str], released: list[str]) -> None:
    """If no revision is named, all are released, in order."""
    assert _released(names, {"r2": None, "r1": "d"}) == (HoldReleased(revisions=tuple(released)),)


@pytest.mark.parametrize(
    ("names", "held", "context"),
    [
        ([], {}, "held: nothing"),
        (["r1"], {}, "held: nothing"),
        (["r1", "r9"], {"r2": None, "r1": None}, "held: r1, r2"),
    ],
)
def test_what_is_not_held_is_not_released(
    names: list[str], held: dict[str, str | None], context: str
) -> None:
    """Then the others that were named are not released either."""
    with pytest.raises(InitError) as error:
        _released(names, held)
    assert (error.value.reference, error.value.context) == ("nothing-to-release", (context,))


def test_to_look_again_is_an_order() -> None:
    """It begins a run even if there is nothing to do."""
    assert orders.again("repair").reason == "repair" and orders.again("repair").forced
