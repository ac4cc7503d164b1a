"""What only env.py knows, asked where the database cannot be understood without it: its version table."""

from __future__ import annotations

from dataclasses import replace

from initdb.events.journal import side
from initdb.steps import catalog
from initdb.steps.context import Application, StepContext
from initdb.steps.facts import version_place


def learned(ctx: StepContext) -> Application:
    """The application, with the version table as env.py names it where another one than expected is there.

    Before the first run env.py is known by its source alone: with a computed name, or a search_path that it
    sets, a database that plain Alembic made would look as if no revision were applied. Raises what env.py
    raises.
    """
    application, known = ctx.application, ctx.knowledge
    if application.provider is None or known.version_table:
        return application
    expected = catalog.version_rows(ctx.work, *version_place(application, known))
    others = () if expected is not None else catalog.version_tables(ctx.work)
    side(ctx.work).rollback(ctx.work)
    return _asked(ctx) if others else application


def _asked(ctx: StepContext) -> Application:
    from initdb.steps.alembic_driver import Environment, run_in_environment

    found: list[tuple[str, str | None]] = []

    def note(env: Environment) -> None:
        found.append((env.version_table, env.version_schema))

    run_in_environment(ctx.application.provider, ctx.engine, note)
    table, schema = found[0]
    return replace(ctx.application, version_table=table, version_schema=schema)
