"""The orders that a person can give: resume, repair, roll back, release, and seed again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from initdb.errors import InitError
from initdb.events.payloads.notes import HoldReleased
from initdb.settings.values import OrderName
from initdb.statemachine.decide.verdict import Look, judge
from initdb.statemachine.loop.order import Order
from initdb.statemachine.table import State, accepts
from initdb.steps.context import StepContext
from initdb.steps.health.lost_tables import ORDERED
from initdb.steps.seeds.model import SeedSource
from initdb.steps.survey.edits import listed
from initdb.steps.survey.facts import survey


def again(reason: str) -> Order:
    """Order a run, even if there is nothing to do.

    Args:
        reason: What it is, as the journal stores it.

    Example:
        >>> again("repair").forced
        True
    """
    return Order(reason=reason)


def repair(why: str | None = None) -> Order:
    """Order a repair. Tables that held rows and are gone are made anew, since a person says so.

    Args:
        why: Why the person orders it, in their words.
    """
    return Order(reason=ORDERED, asks=("repair",), why=why)


def go_on(why: str | None = None) -> Order:
    """Order what a boot does, at once: also with credentials that the server has refused.

    Args:
        why: Why the person orders it, in their words.
    """
    return Order(asks=("resume",), why=why)


def asked_by_resume(*, retry: bool, mark: bool, accept_edited: bool) -> tuple[OrderName, ...]:
    """The names, in the settings, of what an order to resume asks for.

    Args:
        retry: Whether it names revisions to apply again.
        mark: Whether it names revisions that are applied.
        accept_edited: Whether it accepts edited files.

    Example:
        >>> asked_by_resume(retry=True, mark=False, accept_edited=False)
        ('resume', 'retry')
    """
    more: Mapping[OrderName, bool] = {"retry": retry, "mark-applied": mark, "accept-edited": accept_edited}
    return ("resume", *(name for name, asked in more.items() if asked))


def resume(
    seen: Look,
    retry: Sequence[str] = (),
    mark: Sequence[str] = (),
    *,
    accept_edited: bool = False,
    why: str | None = None,
) -> Order:
    """Order a retry of what failed.

    The order names the failure that it overrides. If five people give it at once, there is one retry.

    Args:
        seen: The last look, which has the failure.
        retry: Revisions to apply again, although the journal says that they began or are applied.
        mark: Revisions that a person says are applied. Running the order raises InitError("no-such-revision")
            for one that does not exist.
        accept_edited: Whether the files that were edited or removed are right as they are.
        why: Why the person orders it, in their words.
    """
    asks = asked_by_resume(retry=bool(retry), mark=bool(mark), accept_edited=accept_edited)
    verdict = judge(seen)
    override = verdict.failure.seq if verdict.failure else None
    accepts = listed(seen.edited) if accept_edited else {}
    if not retry and not mark and not accepts:
        return Order(override=override, insist=True, asks=asks, why=why)

    firsts = tuple(partial(_mark, revision) for revision in mark)
    return Order(
        reason="resume",
        override=override,
        retry=tuple(retry),
        firsts=firsts,
        insist=True,
        accepts=accepts,
        asks=asks,
        why=why,
    )


def _mark(revision: str, ctx: StepContext, state: str) -> None:
    """Record that a revision is applied. How it is recorded depends on the state."""
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
        said = f"The database is {state}."
        raise InitError("mark-refused", f"revision {revision}", said, names=graph.files[revision].names)


def reseed(sources: Iterable[SeedSource], why: str | None = None) -> Order:
    """Order that the seeds are applied once more. Existing rows are skipped, deleted rows come back.

    Args:
        sources: The seed sources. A function without a key is left out: it would do its work twice.
        why: Why the person orders it, in their words.
    """
    again = tuple(one.name for one in sources if one.kind != "python callable" or one.key)
    return Order(reason="seed", reseed=again, asks=("seed",), why=why)


def roll_back(to: str | None, why: str | None = None) -> Order:
    """Order a rollback. The revisions that it rolls back are held.

    Args:
        to: The revision to go back to; None rolls back the last revision only.
        why: Why the person orders it, in their words.
    """

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

    # An interrupted rollback goes on only if the same order is given again: its reason says which one it is.
    return Order(
        reason=f"rollback to {to}" if to else "rollback",
        trigger="roll_back",
        command=command,
        asks=("rollback",),
        why=why,
    )


def release(revisions: Sequence[str], why: str | None = None) -> Order:
    """Order that held revisions may be applied again.

    Args:
        revisions: The revisions; none means all that are held.
        why: Why the person orders it, in their words.
    """

    def command(ctx: StepContext) -> tuple[HoldReleased]:
        held = ctx.knowledge.held
        names = list(revisions) or sorted(held)
        if not names or any(name not in held for name in names):
            raise InitError("nothing-to-release", f"held: {', '.join(sorted(held)) or 'nothing'}")
        return (HoldReleased(revisions=tuple(names), reason=why),)

    return Order(reason="release", trigger="note", command=command, asks=("release",), why=why)
