"""What a person may order: resume, repair, roll back, release; and what came of it."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Sequence
from functools import partial

from initdb.errors import InitError, Rendered, render
from initdb.events.entry import Entry
from initdb.events.payloads.notes import HoldReleased
from initdb.settings import Settings
from initdb.statemachine.decide.verdict import Look, Verdict, judge
from initdb.statemachine.loop.attend import Outcome
from initdb.statemachine.loop.order import Order
from initdb.statemachine.render.results import InitializationResult, RepairResult
from initdb.statemachine.render.sentences import who
from initdb.statemachine.table import State, accepts
from initdb.steps.context import StepContext
from initdb.steps.seeds.model import SeedSource
from initdb.steps.survey.facts import survey

NOT_READY = {"held": "migration-held", "ahead": "database-ahead"}
"""Endings that are no failure and yet not ready, and what is said of them."""


def again(reason: str) -> Order:
    """Look at everything again, even where there is nothing to do."""
    return Order(reason=reason)


def resume(seen: Look, retry: Sequence[str] = (), mark: Sequence[str] = ()) -> Order:
    """Go on; override the failure that stands now, so that five who say so at once try once.

    `retry`: revisions to apply again although they were begun or are recorded. `mark`: revisions that a
    person says are applied. Raises InitError("no-such-revision").
    """
    verdict = judge(seen)
    override = verdict.failure.seq if verdict.failure else None
    if not retry and not mark:
        return Order(override=override, insist=True)

    firsts = tuple(partial(_mark, revision) for revision in mark)
    return Order(reason="resume", override=override, retry=tuple(retry), firsts=firsts, insist=True)


def _mark(revision: str, ctx: StepContext, state: str) -> None:
    """Record that `revision` is applied, as it has to be said in this state."""
    from initdb.steps import adopt, restamp

    graph = ctx.application.graph
    if graph is None:
        raise InitError("no-such-revision", revision)
    revision = graph.resolve(revision)
    if state == State.unmanaged:
        adopt.run(ctx, stamp=revision)
    elif state == State.defective:
        restamp.restamp(ctx, (revision,), marked=True)
    elif accepts(state, "migrate"):
        restamp.mark_applied(ctx, revision)
    else:
        raise InitError("mark-refused", f"revision {revision}", f"The database is {state}.")


def reseed(sources: Iterable[SeedSource]) -> Order:
    """Go through the seeds once more: what exists is skipped, what was deleted comes back.

    A function that works on the connection and has no key could do its work twice: it is left out.
    """
    again = tuple(one.name for one in sources if one.kind != "python callable" or one.key)
    return Order(reason="seed", reseed=again)


def roll_back(to: str | None) -> Order:
    """Revert the last revision, or everything above `to`; what was reverted is held."""

    def command(ctx: StepContext) -> tuple[()]:
        from initdb.steps import rollback

        graph = ctx.application.graph
        if graph is None:
            raise InitError("migrations-not-found", "there are no revisions to roll back")
        rows = survey(ctx.work, ctx.application, ctx.knowledge).rows or ()
        run = ctx.knowledge.last_run
        if revisions := rollback.plan(graph, rows, to, run.reverted if run else ()):
            rollback.run(ctx, revisions)
        return ()

    # The reason tells one order from another: only the same one, said again, goes on where it was cut off.
    return Order(reason=f"rollback to {to}" if to else "rollback", trigger="roll_back", command=command)


def release(revisions: Sequence[str]) -> Order:
    """Let held revisions be applied again; all of them where none is named."""

    def command(ctx: StepContext) -> tuple[HoldReleased]:
        held = ctx.knowledge.held
        names = list(revisions) or sorted(held)
        if not names or any(name not in held for name in names):
            raise InitError("nothing-to-release", f"held: {', '.join(sorted(held)) or 'nothing'}")
        return (HoldReleased(revisions=tuple(names)),)

    return Order(reason="release", trigger="note", command=command)


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
