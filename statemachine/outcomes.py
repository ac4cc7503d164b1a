"""What came of a run: its public result, its exit code, its reason and its warnings."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from initdb.errors import InitError, Rendered, render
from initdb.events.entry import Entry
from initdb.settings import Settings
from initdb.statemachine.decide.verdict import Verdict
from initdb.statemachine.loop.attend import Outcome
from initdb.statemachine.render.results import InitializationResult, RepairResult
from initdb.statemachine.render.sentences import who

NOT_READY = {"held": "migration-held", "ahead": "database-ahead"}
"""Endings that are no failure and yet not ready, and what is said of them."""


def result_of(outcome: Outcome, database: str, settings: Settings) -> InitializationResult:
    """The public result of an outcome; `duration` is set by who timed it."""
    code = exit_code(outcome, settings)
    return InitializationResult(
        success=code == 0,
        steps_completed=[line for entry in _entries(outcome) if (line := step_line(entry))],
        errors=[render(outcome.error)] if outcome.error else [],
        warnings=warnings_of(outcome),
        duration=0.0,
        database_type=database,
        outcome=outcome.ending,
        exit_code=code,
    )


def exit_code(outcome: Outcome, settings: Settings) -> int:
    """0 ready, 1 failed, 3 pending or (so configured) held or ahead, 4 another works, 130/143 stopped."""
    if outcome.ending == "held":
        return 0 if settings.when_held == "serve" else 3
    if outcome.ending == "ahead":
        return 0 if settings.when_ahead == "serve" else 3
    return outcome.exit_code


def reason_of(outcome: Outcome) -> Rendered:
    """Why the database is not as it was asked to be."""
    if outcome.error is not None:
        return outcome.error
    if outcome.signum is not None:
        return InitError("stopped", signal.Signals(outcome.signum).name).rendered()
    if outcome.ending == "busy":
        run = outcome.knowledge.last_run if outcome.knowledge else None
        return InitError("another-process-at-work", who(run.by) if run else "").rendered()
    names = outcome.verdict.revisions if outcome.verdict else ()
    return InitError(NOT_READY.get(outcome.ending, "pending-work"), ", ".join(names)).rendered()


def warnings_of(outcome: Outcome) -> list[str]:
    """What the caller should know although it is no failure."""
    return [*outcome.cautions, *_said_by(outcome.verdict)]


def _said_by(verdict: Verdict | None) -> Sequence[str]:
    if verdict is None:
        return ()
    if verdict.kind == "held":
        return (InitError("migration-held", ", ".join(verdict.revisions)).rendered().message,)
    if verdict.kind == "ahead":
        return (f"The database has revisions that this code does not know: {', '.join(verdict.revisions)}",)
    return verdict.warnings


def step_line(entry: Entry) -> str | None:
    """One line for what a step did; None for events that are no step."""
    data = entry.data
    lines = {
        "database_inspected": f"inspected: {entry.dest}",
        "schema_created": f"schema created: {len(data.get('tables') or ())} tables",
        "schema_adopted": f"schema adopted: {len(data.get('tables') or ())} tables",
        "migration_applied": f"migration applied: {data.get('revision')}",
        "migration_reverted": f"migration reverted: {data.get('revision')}",
        "seed_batch_applied": f"seeded: {data.get('source')}" if data.get("complete") else None,
        "repair_applied": f"repaired: {'; '.join(map(str, data.get('actions') or ()))}",
        "health_validated": "validated",
        "defects_found": f"defects found: {len(data.get('issues') or ())}",
    }
    return lines.get(entry.type)


def _entries(outcome: Outcome) -> Sequence[Entry]:
    return outcome.report.entries if outcome.report else ()


def repair_result(outcome: Outcome, duration: float) -> RepairResult:
    """What a repair run did and could not do."""
    repaired = [
        str(action)
        for entry in _entries(outcome)
        if entry.type == "repair_applied"
        for action in entry.data.get("actions") or ()
    ]
    error: Rendered | None = outcome.error
    return RepairResult(
        success=outcome.ending in ("ready", "held", "ahead"),
        repaired=repaired,
        not_repaired=list(error.context) if error else [],
        suggestions=[error.fix] if error else [],
        errors=[render(error)] if error else [],
        duration=duration,
    )
