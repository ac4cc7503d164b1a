"""Asks env.py for its version table and its folders, if its source alone does not show them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Engine

from initdb.events.database import database_of
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.context import Application, StepContext
from initdb.steps.revisions.checked import checked_graph
from initdb.steps.survey.facts import version_place


def learned(ctx: StepContext) -> Application:
    """The application, with the version table as env.py names it where another one than expected is there.

    Before the first run env.py is known by its source alone: with a computed name, or a search_path that it
    sets, a database that plain Alembic made would look as if no revision were applied. Raises what env.py
    raises.
    """
    application, known = ctx.application, ctx.knowledge
    if application.provider is None or known.version_table:
        return application
    expected = catalogue_of(ctx.work).version_rows(*version_place(application, known))
    others = () if expected is not None else catalogue_of(ctx.work).version_tables()
    database_of(ctx.work).rollback(ctx.work)
    return _asked(ctx) if others else application


def _asked(ctx: StepContext) -> Application:
    found = _ask(ctx.application, ctx.engine)
    return replace(ctx.application, version_table=found.version_table, version_schema=found.version_schema)


def chosen(application: Application, engine: Engine) -> Application:
    """The application with the revisions of the folders that env.py chooses, where it does choose them.

    Raises what env.py raises, and InitError for files that cannot be read or contradict each other.
    """
    if not application.env_chooses or application.place is None:
        return application
    found = _ask(application, engine)
    place = replace(application.place, version_locations=found.folders)
    return replace(
        application,
        place=place,
        graph=checked_graph(place),
        env_chooses=False,
        version_table=found.version_table,
        version_schema=found.version_schema,
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    """What env.py said of its version table and of the folders of its revisions."""

    version_table: str
    version_schema: str | None
    folders: tuple[Path, ...]


def _ask(application: Application, engine: Engine) -> _Answer:
    from initdb.steps.alembic_driver import Environment, run_in_environment

    found: list[_Answer] = []

    def note(env: Environment) -> None:
        found.append(_Answer(env.version_table, env.version_schema, env.folders))

    run_in_environment(application, engine, note)
    return found[0]
