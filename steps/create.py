"""create_schema: create the tables from models or a base, and stamp the version table through env.py."""

from __future__ import annotations

import time

from sqlalchemy import Connection, MetaData

from initdb.errors import InitError
from initdb.errors.driver import driver_error
from initdb.errors.location import where
from initdb.errors.translated import translated
from initdb.errors.withheld import kind_of
from initdb.events.head import JournalSignal
from initdb.events.payloads.work import SchemaCreated
from initdb.steps.alembic_driver import Environment, run_in_environment
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.context import Progress, StepContext
from initdb.steps.payload.elapsed import milliseconds
from initdb.steps.payload.remaining import pending_revisions
from initdb.steps.repairs import make_schema
from initdb.steps.seeds.ledger import seeds_pending
from initdb.steps.survey.facts import version_place


def run(ctx: StepContext) -> None:
    """Create all tables, stamp the version table and append the event, in one unit.

    After a base schema all revisions follow: the version table is empty then.

    Args:
        ctx: The step's context.
    """
    ctx.back_up()
    ctx.report(Progress("create_schema"))
    application = ctx.application
    of_base = application.schema_from == "base"
    source = application.base if of_base else application.metadata
    heads = application.graph.heads if application.graph and not of_base else ()
    if application.provider is None or (of_base and not _has_rows(ctx)):
        _create(ctx, ctx.work, source, None)
    else:
        run_in_environment(
            application, ctx.engine, lambda env: _create(ctx, env.connection, source, env, heads)
        )


def _has_rows(ctx: StepContext) -> bool:
    """Whether a first revision without tables has run before the base was named."""
    place = version_place(ctx.application, ctx.knowledge)
    with ctx.reading():
        return bool(catalogue_of(ctx.work).version_rows(*place))


def _create(
    ctx: StepContext,
    connection: Connection,
    source: object,
    env: Environment | None,
    heads: tuple[str, ...] = (),
) -> None:
    begun = time.perf_counter()
    with ctx.unit.open(connection):
        made = _make(connection, source, ctx)
        rows = env.stamp(heads) if env else ()
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
    with translated(_base_failure, JournalSignal, InitError):
        source(connection)
    return make_schema.Created((), (), ())


def _base_failure(error: Exception) -> Exception:
    """What an error of the base means: that of the database is told as such."""
    if driver_error(error) is not None:
        return error
    said = f"base raised {kind_of(error)}"
    fix = "Correct the function that the setting base names, then: initdb resume"
    return InitError("table-creation-failed", said, f"at: {where(error)}", fix=fix)
