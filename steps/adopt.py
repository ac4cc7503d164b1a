"""adopt: take over tables that no tool manages, if they are exactly what the models say."""

from __future__ import annotations

from initdb.errors import InitError
from initdb.events.payloads.work import SchemaAdopted
from initdb.steps.alembic_driver import Environment, run_in_environment
from initdb.steps.context import Progress, StepContext
from initdb.steps.drift.exact_match import differences
from initdb.steps.drift.excluded import NO_FILTERS, Filters, of_options
from initdb.steps.payload.remaining import pending_revisions, pending_seeds
from initdb.steps.survey.facts import survey


def run(ctx: StepContext, stamp: str | None = None) -> None:
    """Compare the tables with the models, stamp the version table and append the event, in one unit.

    Args:
        ctx: The step's context.
        stamp: The revision that the tables have, as a person says. Then nothing is compared.

    Raises:
        InitError: `adoption-refused`, with the differences.
    """
    ctx.report(Progress("adopt"))
    if ctx.application.provider is None:
        _refuse_differences(ctx, stamp, NO_FILTERS)
        with ctx.unit.open(ctx.work):
            _record(ctx, None, ())
    else:
        run_in_environment(ctx.application, ctx.engine, lambda env: _stamp(ctx, env, stamp))


def _stamp(ctx: StepContext, env: Environment, stamp: str | None) -> None:
    graph = ctx.application.graph
    heads = (stamp,) if stamp else tuple(graph.heads if graph else ())
    _refuse_differences(ctx, stamp, of_options(env.context.opts))
    with ctx.unit.open(env.connection):
        _record(ctx, env, env.stamp(heads), marked=stamp is not None)


def refuse_unlike(ctx: StepContext) -> None:
    """Refuse what an adoption would refuse. Nothing is written.

    Args:
        ctx: The step's context.

    Raises:
        InitError: `adoption-refused`, with the differences; what `run_in_environment` raises.
    """
    if ctx.application.provider is None:
        _refuse_differences(ctx, None, NO_FILTERS)
    else:
        run_in_environment(
            ctx.application,
            ctx.engine,
            lambda env: _refuse_differences(ctx, None, of_options(env.context.opts)),
        )


def _refuse_differences(ctx: StepContext, stamp: str | None, filters: Filters) -> None:
    """Refuse tables that differ from the models.

    Without revisions, tables may lack something, since a repair can still create it. With revisions, nobody
    knows which of them are applied.
    """
    metadata = ctx.application.metadata
    if stamp is not None or metadata is None:
        return
    with ctx.reading() as connection:
        found = differences(connection, metadata, ctx.settings.ignore)
        left_out = filters.leave_out(connection, metadata, found)
    found = tuple(issue for issue in found if issue.id not in left_out)
    if ctx.application.provider is None:
        found = tuple(issue for issue in found if not issue.kind.startswith("missing-"))
    if found:
        raise InitError("adoption-refused", *(issue.text for issue in found), database=ctx.database)


def _record(ctx: StepContext, env: Environment | None, rows: tuple[str, ...], marked: bool = False) -> None:
    connection = env.connection if env else ctx.work
    event = SchemaAdopted(
        tables=survey(connection, ctx.application, ctx.knowledge).tables,
        heads=rows,
        pending=pending_revisions(ctx, rows),
        seeds_pending=pending_seeds(ctx),
        marked=marked,
        version_table=env.version_table if env else None,
        version_schema=env.version_schema if env else None,
    )
    ctx.unit.commit(connection, event)
