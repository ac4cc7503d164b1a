"""The orders that a person can give: resume, repair, roll back, release, and seed again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from initdb.errors import InitError
from initdb.events.payloads.notes import HoldReleased
from initdb.statemachine.decide.verdict import Look, judge
from initdb.statemachine.loop.order import Order
from initdb.statemachine.table import State, accepts
from initdb.steps.context import StepContext
from initdb.steps.seeds.model import SeedSource
from initdb.steps.survey.facts import survey


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
