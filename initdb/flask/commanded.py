"""A Flask application that a command works for: loaded, with its database and its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from flask import Flask
from sqlalchemy import Engine

from initdb.errors import InitError
from initdb.errors.redact import url_text
from initdb.flask.binding import initializer_for, settings_for
from initdb.flask.binds import engine_of_bind, with_binds
from initdb.flask.extension import engine_of, extension_of
from initdb.loading.applications import database_url, load_application
from initdb.settings import Settings
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.site import Watcher
from initdb.steps.engines.make import parse_url


@dataclass(frozen=True, slots=True)
class Commanded:
    """A loaded application.

    Attributes:
        app: The application.
        db: Its Flask-SQLAlchemy object.
        first: The engine of its first database.
        settings: Its settings, with its binds.
    """

    app: Flask
    db: object
    first: Engine
    settings: Settings

    def initializers(self, watcher: Watcher | None) -> tuple[Initializer, ...]:
        """The Initializers of all databases, the first one first. Call it in the application's context."""
        return tuple(initializer_for(self.app, self.db, one, watcher=watcher) for one in self.settings.each())

    def engine(self) -> Engine:
        """The engine of the database that the settings name."""
        name = self.settings.database
        return engine_of_bind(self.app, self.db, self.settings, name) if name else self.first


def load_commanded(
    make: Callable[[], object] | None, settings: Settings, options: Mapping[str, object]
) -> Commanded:
    """Load the application of a command, and check that its database is the one that the command names.

    Args:
        make: Creates the application; None if the settings name it.
        settings: Those of the command. The application may have more.
        options: The settings that were given as options.

    Raises:
        InitError: bad-app; or a setting cannot be read.
    """
    with database_url(options.get("database_url")):
        loaded = make() if make else load_application(settings.app or "", folder=settings.folder)
    db = _extension(loaded, settings.app)
    app = cast("Flask", loaded)
    first = engine_of(app, db)
    _check_same_database(first, options)
    with app.app_context():
        return Commanded(app, db, first, with_binds(app, db, settings_for(app, first, options)))


def _extension(app: object, name: str | None) -> object:
    found = extension_of(app)
    if found is None:
        said = f'"{name}"' if name else "the application"
        raise InitError(
            "bad-app",
            f"{said} is of type {type(app).__name__} and has no Flask-SQLAlchemy;"
            " name its models with metadata and its database with database_url instead",
        )
    return found


def _check_same_database(engine: Engine, options: Mapping[str, object]) -> None:
    """Refuse an application that does not read DATABASE_URL: another database would be made ready."""
    given = options.get("database_url")
    if not isinstance(given, str) or "work_url" in options:
        return
    wanted, found = parse_url(given), engine.url
    same = (wanted.get_backend_name(), wanted.host, wanted.port, wanted.database)
    if same != (found.get_backend_name(), found.host, found.port, found.database):
        raise InitError(
            "bad-app",
            f"the application connects to {url_text(found)}, but --database-url is {url_text(wanted)}",
            fix="Leave --database-url out, or let the application read DATABASE_URL.",
        )
