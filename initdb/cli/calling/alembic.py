"""How Alembic's commands are typed for the directory that the settings of a call name."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from initdb.errors import InitError
from initdb.errors.faces import plain_alembic
from initdb.settings import Settings, load_settings
from initdb.steps.revisions.alembic_typed import alembic_typed, relative
from initdb.steps.revisions.locate import ENV, INI, MigrationPlace, find_directories


def alembic_of(given: Mapping[str, object], flask: str | None, ours: str) -> str:
    """The command, with {} for Alembic's own.

    Args:
        given: Name of a setting → the text that was given as an option.
        flask: How `flask` is typed; None if `initdb` was called.
        ours: How `initdb alembic` is typed, with the options that were given.
    """
    try:
        settings = load_settings(options=given)
    except InitError:  # it is shown by itself
        return plain_alembic()
    place = _place(settings)
    usual = f"{ours} {{}}" if settings.migrations else plain_alembic()
    return _by_flask(settings, place, flask) or (alembic_typed(place) if place else None) or usual


def _place(settings: Settings) -> MigrationPlace | None:
    try:
        return None if settings.migrations is None else find_directories(settings.migrations)
    except InitError:  # it is a callable, or is not there
        return None


def _by_flask(settings: Settings, place: MigrationPlace | None, flask: str | None) -> str | None:
    """By Flask-Migrate, if there is an application, and the directory is none or one of Flask-Migrate's."""
    if flask is None and settings.app is not None:
        flask = f"flask --app {shlex.quote(settings.app)}"
    if flask is None or find_spec("flask_migrate") is None:
        return None
    if place is None:
        return f"{flask} db {{}}" if settings.migrations is None else None
    folder = Path(place.script_location)
    theirs = (folder / INI).is_file() and (alembic_typed(place) is None or _needs_an_application(folder))
    return f"{flask} db {{}} -d {shlex.quote(relative(folder))}" if theirs else None


def _needs_an_application(folder: Path) -> bool:
    """Whether Alembic's own command fails there: Flask-Migrate's env.py asks Flask for the application."""
    try:
        return b"current_app" in (folder / ENV).read_bytes()
    except OSError:
        return False
