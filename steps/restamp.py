"""Makes version table and journal agree again, where it is certain which of them is right."""

from __future__ import annotations

from initdb.errors import InitError
from initdb.events.payloads.work import MigrationApplied, RepairApplied
from initdb.steps.alembic_driver import Environment, run_in_environment
from initdb.steps.context import Progress, StepContext
from initdb.steps.drift.exact_match import differences
from initdb.steps.payload.remaining import pending_revisions, pending_seeds
from initdb.steps.survey.facts import Facts, survey


def run(ctx: StepContext, facts: Facts) -> None:
    """Set the version rows to what the journal knows, where the tables are exactly the models'.

    Raises:
        InitError: `history-conflict` in every other case, with the revisions and both ways out.
    """
    ctx.report(Progress("repair", "version table"))
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
    restamp(ctx, expected)


def restamp(ctx: StepContext, revisions: tuple[str, ...], marked: bool = False) -> None:
    """One unit: set the version rows to `revisions` and append the event.

    Args:
        marked: Whether a person said so.
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
    lost = facts.conflict
    rows = ", ".join(facts.rows or ()) or "nothing"
    return InitError(
        "history-conflict",
        f"the journal knows {', '.join(lost)}, the version table says {rows}",
        fix="Where the tables have them: initdb resume --mark-applied REV. "
        "Where they were rolled back on purpose: initdb resume --retry REV.",
        database=ctx.database,
    )


def mark_applied(ctx: StepContext, revision: str) -> None:
    """One unit: record that `revision` is applied, as a person says; stamp it where the version rows lack it.

    Raises:
        InitError: `no-such-revision`, where no file has it.
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
    """The facts where journal and version table contradict each other; None where they do not."""
    with ctx.reading() as connection:
        facts = survey(connection, ctx.application, ctx.knowledge)
    return facts if facts.conflict else None
