"""create_schema: create the tables from models or a base, and stamp the version table through env.py."""

from __future__ import annotations

import time

from sqlalchemy import Connection, MetaData

from initdb.events.payloads.work import SchemaCreated
from initdb.steps.alembic_driver import Environment, run_in_environment
from initdb.steps.context import Progress, StepContext
from initdb.steps.payload.elapsed import milliseconds
from initdb.steps.payload.remaining import pending_revisions
from initdb.steps.repairs import make_schema
from initdb.steps.seeds.ledger import seeds_pending


def run(ctx: StepContext) -> None:
    """Create all tables, stamp the version table and append the event, in one unit.

    A base schema gets no stamp, since the revisions follow it.

    Args:
        ctx: The step's context.
    """
    ctx.back_up()
    ctx.report(Progress("create_schema"))
    application = ctx.application
    if application.schema_from == "base":
        _create(ctx, ctx.work, application.base, None)
    elif application.provider is None:
        _create(ctx, ctx.work, application.metadata, None)
    else:
        run_in_environment(application, ctx.engine, lambda env: _create_and_stamp(ctx, env))


def _create_and_stamp(ctx: StepContext, env: Environment) -> None:
    heads = list(ctx.application.graph.heads) if ctx.application.graph else []
    _create(ctx, env.connection, ctx.application.metadata, env, heads)


def _create(
    ctx: StepContext,
    connection: Connection,
    source: object,
    env: Environment | None,
    heads: list[str] | None = None,
) -> None:
    begun = time.perf_counter()
    with ctx.unit.open(connection):
        made = _make(connection, source, ctx)
        rows = env.stamp(heads) if env and heads else ()
        event = SchemaCreated(
            from_=ctx.application.schema_from,
            tables=made.tables,
            indexes=made.indexes,
            warnings=made.warnings,
            heads=tuple(rows),
            pending=pending_revisions(ctx, rows),
            seeds_pending=seeds_pending({}, ctx.application.seeds),
            version_table=env.version_table if env else None,
            version_schema=env.version_schema if env else None,
            ms=milliseconds(begun),
        )
        ctx.unit.commit(connection, event)


def _make(connection: Connection, source: object, ctx: StepContext) -> make_schema.Created:
    """Create the schema of `source`: a MetaData, or a callable that creates a base schema."""
    if source is None:  # there are only seeds
        return make_schema.Created((), (), ())
    if isinstance(source, MetaData):
        return make_schema.create(connection, source, ignore=ctx.settings.ignore)
    if not callable(source):
        raise TypeError(f"{source!r} is neither a MetaData nor callable")
    source(connection)
    return make_schema.Created((), (), ())
