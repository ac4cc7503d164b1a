"""migrate: apply the pending revisions through the application's env.py, one transaction and event each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from initdb.errors import InitError
from initdb.events.payloads.work import MigrationApplied
from initdb.steps.alembic_driver import Environment, Step, run_in_environment
from initdb.steps.context import Progress, StepContext
from initdb.steps.one_revision.autocommit_block import autocommit_block
from initdb.steps.one_revision.doubt import check_doubt
from initdb.steps.one_revision.perform import Job, milliseconds, perform, start
from initdb.steps.one_revision.version_rows import check_inspected
from initdb.steps.seeds.ledger import seeds_pending
from initdb.steps.survey.edits import edits, named


def run(ctx: StepContext) -> None:
    """Apply every pending revision, in the order of plain Alembic.

    Args:
        ctx: The step's context.

    Raises:
        InitError: `revision-failed` or the reason of the failure, `revision-in-doubt`, `revision-changed`,
            `lock-timeout`.
    """
    check_doubt(ctx, repeats=True)
    check_changed(ctx)
    ctx.back_up()
    block = autocommit_block(ctx, "migrate")
    run_in_environment(ctx.application, ctx.engine, lambda env: _upgrade(ctx, env), block)


def check_changed(ctx: StepContext) -> None:
    """Refuse to go on if the file of an applied revision was edited: later revisions may not fit it.

    Args:
        ctx: The step's context.

    Raises:
        InitError: `revision-changed`.
    """
    graph = ctx.application.graph
    edited = [edit for edit in edits(ctx.application, ctx.knowledge) if edit.kind == "revision" and edit.now]
    if graph and edited:
        names = graph.files[edited[0].name].names
        raise InitError("revision-changed", *named(edited), database=ctx.database, names=names)


def _upgrade(ctx: StepContext, env: Environment) -> None:
    env.recall(ctx.knowledge.memo)
    at = start(ctx, env)
    check_inspected(ctx)
    steps = env.upgrades(at.rows)
    if not steps:
        rows = ", ".join(at.rows) or "nothing"
        said = f"It finds no revision to apply: its version table {env.version_table} says {rows}."
        raise InitError("env-py-ran-nothing", said, database=ctx.database)
    for number, step in enumerate(steps, start=1):
        rest = [later.revision for later in steps[number:]]
        ctx.report(Progress("migrate", step.revision, number, len(steps)))
        event = _event_maker(ctx, env, step, (number, len(steps)), rest)
        earlier = tuple(one.revision for one in steps[: number - 1])
        at = perform(ctx, env, Job(step, "migrate", event, earlier), at)


def _event_maker(
    ctx: StepContext, env: Environment, step: Step, place: tuple[int, int], rest: Sequence[str]
) -> Callable[[tuple[str, ...]], MigrationApplied]:
    """Make the function that creates the event of a revision. `rest`: what follows the revision."""
    begun = time.perf_counter()

    def event(rows: tuple[str, ...]) -> MigrationApplied:
        ran = env.ran(step)
        return MigrationApplied(
            revision=step.revision,
            file=step.path.name,
            doc=step.doc,
            digest=ran["digest"],
            env_py=ran["env_py"],
            down=tuple(step.down),
            heads=rows,
            number=place[0],
            of=place[1],
            pending=len(rest),
            seeds_pending=seeds_pending(ctx.knowledge.seeds, ctx.application.seeds),
            version_table=env.version_table,
            version_schema=env.version_schema,
            found=(tuple(env.log.found) or None) if env.log is not None else None,
            memo=(env.memo() or None) if rest else None,
            ms=milliseconds(begun),
        )

    return event
