"""roll_back: Alembic's downgrade, one revision in each transaction. A reverted revision is held."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from initdb.errors import InitError
from initdb.events.payloads.work import MigrationReverted
from initdb.steps.alembic_driver import Environment, Step, run_in_environment
from initdb.steps.context import Progress, StepContext
from initdb.steps.one_revision.autocommit_block import autocommit_block
from initdb.steps.one_revision.doubt import check_doubt
from initdb.steps.one_revision.perform import Job, milliseconds, perform, start
from initdb.steps.revisions.graph import RevisionGraph
from initdb.steps.seeds.ledger import seeds_pending


def plan(
    graph: RevisionGraph, rows: tuple[str, ...], to: str | None, done: Collection[str] = ()
) -> tuple[str, ...]:
    """Choose the revisions to revert, the newest first.

    Args:
        graph: The revisions of the application.
        rows: The version rows.
        to: The revision to go back to, or "base". Everything above it is reverted. None is for the one head.
        done: What an interrupted or failed run of the same order has reverted. The order is carried out only
            once in all.

    Raises:
        InitError: `rollback-refused`, if `to` is not applied or there is nothing to revert;
            `downgrade-missing`.
    """
    applied = graph.applied(rows)
    if to is None and done:
        return ()
    if to is None:
        if len(rows) != 1:
            raise InitError(
                "rollback-refused", f"name a revision with --to: the heads are {', '.join(rows) or 'none'}"
            )
        reverted = frozenset(rows)
    else:
        keep = frozenset() if to == "base" else graph.ancestors([graph.resolve(to)])
        if not keep <= applied:
            raise InitError("rollback-refused", f"{to} is not applied")
        reverted = frozenset(name for name in applied - keep if to == "base" or _above(graph, name, to))
    if not reverted and not done:
        raise InitError("rollback-refused", "there is nothing to revert")
    no_way = [name for name in sorted(reverted) if not graph.files[name].has_downgrade]
    if no_way:
        raise InitError("downgrade-missing", *(f"{name}: {graph.files[name].path}" for name in no_way))
    return tuple(name for name in reversed(graph.pending(())) if name in reverted)


def _above(graph: RevisionGraph, name: str, to: str) -> bool:
    return graph.resolve(to) in graph.ancestors([name])


def run(ctx: StepContext, revisions: tuple[str, ...]) -> None:
    """Revert revisions in the given order.

    Args:
        ctx: The step's context.
        revisions: What `plan` chose.

    Raises:
        InitError: `rollback-failed` or the reason of the failure, `revision-in-doubt`.
    """
    check_doubt(ctx)
    ctx.back_up()
    block = autocommit_block(ctx, "roll_back")
    run_in_environment(ctx.application, ctx.engine, lambda env: _revert(ctx, env, revisions), block)


def _revert(ctx: StepContext, env: Environment, revisions: tuple[str, ...]) -> None:
    at = start(ctx, env)
    for number, revision in enumerate(revisions, start=1):
        ctx.report(Progress("roll_back", revision, number, len(revisions)))
        step = env.downgrade(revision)
        at = perform(ctx, env, Job(step, "rollback", _event_maker(ctx, env, step)), at)


def _event_maker(
    ctx: StepContext, env: Environment, step: Step
) -> Callable[[tuple[str, ...]], MigrationReverted]:
    begun, graph = time.perf_counter(), ctx.application.graph

    def event(rows: tuple[str, ...]) -> MigrationReverted:
        return MigrationReverted(
            revision=step.revision,
            **env.ran(step),
            heads=rows,
            pending=tuple(graph.pending(rows)) if graph else (),
            seeds_pending=seeds_pending(ctx.knowledge.seeds, ctx.application.seeds),
            ms=milliseconds(begun),
        )

    return event
