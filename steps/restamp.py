"""Makes the version table and the journal agree again, if it is certain which of them is right."""

from __future__ import annotations

from initdb.errors import InitError
from initdb.events.payloads.work import MigrationApplied, RepairApplied
from initdb.steps.alembic_driver import Environment, run_in_environment
from initdb.steps.context import Progress, StepContext
from initdb.steps.drift.exact_match import differences
from initdb.steps.payload.remaining import pending_revisions, pending_seeds
from initdb.steps.survey.facts import Facts, survey


def run(ctx: StepContext, facts: Facts) -> None:
    """Set the version rows to what the journal knows, if the tables are exactly those of the models.

    Args:
        ctx: The step's context.
        facts: What was found.

    Raises:
        InitError: `history-conflict` in every other case, with the revisions and both ways out.
    """
    ctx.report(Progress("repair", "version table"))
    restamp(ctx, certain_rows(ctx, facts))


def certain_rows(ctx: StepContext, facts: Facts) -> tuple[str, ...]:
    """The version rows that are right, if it is certain which. Nothing is written.

    Args:
        ctx: The step's context.
        facts: What was found.

    Raises:
        InitError: `history-conflict`, with the revisions and both ways out.
    """
    graph, metadata = ctx.application.graph, ctx.application.metadata
    expected = tuple(head for head in ctx.knowledge.heads if graph and head in graph.files)
    with ctx.reading() as connection:
        certain = (
            metadata is not None
            and graph is not None
            and set(expected) == set(graph.heads)
            and not differences(connection, metadata, ctx.settings.ignore)
        )
    if not certain:
        raise _conflict(ctx, facts)
    return expected


def restamp(ctx: StepContext, revisions: tuple[str, ...], marked: bool = False) -> None:
    """Set the version rows and append the event, in one unit.

    Args:
        ctx: The step's context.
        revisions: The new version rows.
        marked: Whether a person ordered it.
    """
    run_in_environment(ctx.application, ctx.engine, lambda env: _restamp(ctx, env, revisions, marked))


def _restamp(ctx: StepContext, env: Environment, revisions: tuple[str, ...], marked: bool) -> None:
    with ctx.unit.open(env.connection):
        rows = env.stamp(revisions)
        event = RepairApplied(
            actions=(f"version table {env.version_table} set to {', '.join(rows)}",),
            heads=rows,
            pending=pending_revisions(ctx, rows),
            seeds_pending=pending_seeds(ctx),
            marked=marked,
        )
        ctx.unit.commit(env.connection, event)


def _conflict(ctx: StepContext, facts: Facts) -> InitError:
    graph, rows = ctx.application.graph, ", ".join(facts.rows or ()) or "nothing"
    order = graph.pending(()) if graph else ()
    lost = sorted(facts.conflict, key=lambda one: order.index(one) if one in order else -1)
    parents = graph.parents if graph else {}
    last = [one for one in lost if not any(one in parents.get(other, ()) for other in lost)]
    retry = " ".join(f"--retry {one}" for one in lost)
    mark = " ".join(f"--mark-applied {one}" for one in last)
    return InitError(
        "history-conflict",
        f"the journal knows {', '.join(lost)}, the version table says {rows}",
        fix=f"If the tables have the changes: initdb resume {mark}; if not: initdb resume {retry}",
        database=ctx.database,
    )


def mark_applied(ctx: StepContext, revision: str) -> None:
    """Record that a revision is applied, because a person says so. If its version row is missing, write it.

    Args:
        ctx: The step's context.
        revision: Its id.

    Raises:
        InitError: `no-such-revision`, if no file has it.
    """
    run_in_environment(ctx.application, ctx.engine, lambda env: _mark(ctx, env, revision))


def _mark(ctx: StepContext, env: Environment, revision: str) -> None:
    graph = ctx.application.graph
    if graph is None or revision not in graph.files:
        raise InitError("no-such-revision", revision)
    file = graph.files[revision]
    with ctx.unit.open(env.connection):
        rows = env.rows()
        if revision not in graph.applied(rows):
            rows = env.stamp((revision,))
        event = MigrationApplied(
            revision=revision,
            file=file.path.name,
            digest=file.digest,
            heads=rows,
            pending=len(pending_revisions(ctx, rows)),
            seeds_pending=pending_seeds(ctx),
            version_table=env.version_table,
            version_schema=env.version_schema,
            marked=True,
        )
        ctx.unit.commit(env.connection, event)


def conflict_of(ctx: StepContext) -> Facts | None:
    """What was found, if the journal and the version table contradict each other; otherwise None."""
    with ctx.reading() as connection:
        facts = survey(connection, ctx.application, ctx.knowledge)
    return facts if facts.conflict else None
