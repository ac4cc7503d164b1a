"""Asks env.py for its version table and its folders, if its source alone does not show them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Engine

from initdb.steps.context import Application, StepContext
from initdb.steps.revisions.checked import checked_graph
from initdb.steps.revisions.locate import MigrationPlace
from initdb.steps.survey.whose_rows import must_ask


def learned(ctx: StepContext) -> Application:
    """Ask env.py for its version table, if another one than the expected could be its own.

    Before the first run initdb knows only the text of env.py. If the name is computed there, or if env.py
    sets a search_path, a database that plain Alembic migrated would look as if no revision were applied, or
    as if it were that of the other directory.

    Args:
        ctx: The step's context.

    Returns:
        The application. If env.py was asked, it has the version table that env.py names.

    Raises:
        BaseException: What env.py raises.
    """
    with ctx.reading() as connection:
        doubtful = must_ask(connection, ctx.application, ctx.knowledge, ())
    return asked(ctx.application, ctx.engine) if doubtful else ctx.application


def asked(application: Application, engine: Engine) -> Application:
    """The application with the version table that env.py names.

    Args:
        application: The application.
        engine: The engine of its database.

    Raises:
        BaseException: What env.py raises.
    """
    found = _ask(application, engine)
    return replace(
        application,
        version_table=found.version_table,
        version_schema=found.version_schema,
        version_asked=True,
    )


def chosen(application: Application, engine: Engine) -> Application:
    """The application with the revisions in the folders that env.py chooses, if it does choose them.

    Args:
        application: The application.
        engine: The engine of its database.

    Raises:
        InitError: A file cannot be read, or files contradict each other.
        BaseException: What env.py raises.
    """
    if not application.env_chooses or application.place is None:
        return application
    return _with_answer(application, application.place, _ask(application, engine))


def chosen_offline(application: Application, engine: Engine) -> Application | str:
    """The same, asked in env.py's offline mode, for a database that is not there.

    Args:
        application: The application.
        engine: The engine of its database. No connection is made.

    Returns:
        The application; or why env.py could not be asked.

    Raises:
        InitError: A file cannot be read, or files contradict each other.
    """
    if not application.env_chooses or application.place is None:
        return application
    from initdb.steps.alembic_driver.offline import ask_offline

    found = ask_offline(application, engine)
    return found if isinstance(found, str) else _with_answer(application, application.place, found)


def _with_answer(application: Application, place: MigrationPlace, found: Answer) -> Application:
    place = replace(place, version_locations=found.folders)
    answered = replace(
        application,
        place=place,
        graph=checked_graph(place),
        env_chooses=False,
        version_table=found.version_table,
        version_schema=found.version_schema,
        version_asked=True,
    )
    if answered.manifest is not None:
        from initdb.steps.survey.manifest import check

        check(answered)
    return answered


@dataclass(frozen=True, slots=True)
class Answer:
    """What env.py says about its version table and the folders of its revisions.

    Attributes:
        version_table: The name of the version table.
        version_schema: Its schema, if there is one.
        folders: The folders of the revisions.
    """

    version_table: str
    version_schema: str | None
    folders: tuple[Path, ...]


def _ask(application: Application, engine: Engine) -> Answer:
    from initdb.steps.alembic_driver import Environment, run_in_environment

    found: list[Answer] = []

    def note(env: Environment) -> None:
        found.append(Answer(env.version_table, env.version_schema, env.folders))

    run_in_environment(application, engine, note)
    return found[0]
