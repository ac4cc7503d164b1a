"""Where the revisions of a Flask application are, and how its env.py runs: with Flask-Migrate's Config."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from sqlalchemy import Engine

from initdb.booting import loading
from initdb.events.sessions import is_memory
from initdb.flask.extension import engine_table
from initdb.settings import Settings
from initdb.steps.context import ConfigProvider, ConfigTask
from initdb.steps.revisions.locate import find_directories


def revisions_of(app: Flask, settings: Settings) -> str | None:
    """The setting `migrations`, or else Flask-Migrate's directory; None if there is none.

    A relative directory is looked for in the working directory, as Flask-Migrate does, then in the folder of
    the application and in the folder above it, since a server may start in any folder.
    """
    if settings.migrations is not None:
        return settings.migrations
    directory = getattr(app.extensions.get("migrate"), "directory", None)
    if directory is None:
        return None
    root = Path(app.root_path)
    places = (Path(directory), root / directory, root.parent / directory)
    return next((str(place.resolve()) for place in places if place.is_dir()), None)


def provider_for(
    app: Flask, db: object, engine: Engine, work: Engine | None, revisions: str | None
) -> ConfigProvider | None:
    """What makes the Alembic Config of the revisions, and calls a function with it, inside the application.

    With Flask-Migrate it is `Migrate.get_config`: its configure callbacks are called, and its env.py finds
    `current_app` and `config.cmd_opts`. Connections that env.py took from the pool of the application are
    closed afterwards.

    Args:
        app: The application.
        db: Its Flask-SQLAlchemy object, or an object with an `engine`.
        engine: The engine of its first database.
        work: The engine of another role that does the work; while env.py runs, it takes the place of
            `engine`.
        revisions: The Alembic directory; None is no revisions.
    """
    if revisions is None:
        return None

    def provide(run: ConfigTask) -> None:
        with app.app_context(), loading(), _engine(db, engine, work):
            _configured(app, work or engine, revisions, run)

    return provide


def _configured(app: Flask, engine: Engine, revisions: str, run: ConfigTask) -> None:
    place = find_directories(revisions)
    extension = app.extensions.get("migrate")
    if extension is not None and (place.script_location / "alembic.ini").is_file():
        run(extension.migrate.get_config(str(place.script_location)))
        return
    from initdb.steps.alembic_driver import provider_of

    provider_of(place, engine)(run)


@contextmanager
def _engine(db: object, engine: Engine, work: Engine | None) -> Iterator[None]:
    """For the length of the block, env.py finds the right engine at `db`. Then the pools are emptied."""
    engines = engine_table(db)
    if engines is not None and work is not None:
        engines[None] = work
    try:
        yield
    finally:
        if engines is not None:
            engines[None] = engine
        for one in {engine, *(engines or {}).values()}:
            if not is_memory(one):
                one.dispose()
