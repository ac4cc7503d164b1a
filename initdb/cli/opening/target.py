"""What a command works on: the application and its database, from options, settings files and environment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from initdb.booting import loading
from initdb.cli.calling.call import Call
from initdb.cli.output.foreign_output import tamed
from initdb.errors import InitError
from initdb.errors.redact import url_text
from initdb.loading.objects import load_object
from initdb.settings import Settings, load_settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from initdb.statemachine.assemble.site import Watcher
    from initdb.statemachine.initializer import Initializer

DEFAULT_URL = "sqlite:///initdb.db"
_WHAT = ("app", "metadata", "migrations", "seeds", "base")


@dataclass(frozen=True, slots=True)
class Target:
    """The settings of a call and what was assumed where nothing was said: lines for people."""

    settings: Settings
    assumed: tuple[str, ...] = ()


def find_target(call: Call) -> Target:
    """The settings; where nothing at all is configured, a SQLite file here and the built-in identity schema.

    A configuration that names models, revisions, seeds or an application, but no database, is not guessed at.
    Raises InitError for what is wrong with the settings.
    """
    settings = load_settings(options=call.settings)
    named = call.flask is not None or any(getattr(settings, name) for name in _WHAT)
    assumed = []
    if not named and settings.database_url is None and settings.work_url is None:
        settings = replace(settings, database_url=DEFAULT_URL)
        place = Path(DEFAULT_URL.partition(":///")[2]).absolute()
        assumed.append(
            f"database: {DEFAULT_URL} ({place}), since none is named: --database-url, DATABASE_URL"
        )
    if not named:
        assumed.append(
            "schema: the built-in identity schema (tenants, users, roles, permissions), since neither an"
            " application nor models, migrations or seeds are named"
        )
        assumed.append(f"administrator: {_password(settings)}")
    return Target(settings, tuple(assumed))


def _password(settings: Settings) -> str:
    if os.environ.get("INITDB_ADMIN_PASSWORD"):
        return "user admin, with the password in INITDB_ADMIN_PASSWORD"
    if settings.admin_password_file is not None:
        return f"user admin, with the password in {settings.admin_password_file}"
    return (
        "user admin, with a password that is generated and shown once on this terminal; without a terminal"
        " locked, until: initdb admin set-password"
    )


@contextmanager
def opened(call: Call, target: Target, watcher: Watcher | None = None) -> Iterator[Initializer]:
    """The application of `target`, checked, in its context; what it imports begins no boot of its own.

    Of several databases the first, or the one that the settings name. Raises InitError for what cannot be
    imported or read.
    """
    with opened_each(call, target, watcher) as initializers:
        yield initializers[0]


@contextmanager
def opened_each(
    call: Call, target: Target, watcher: Watcher | None = None
) -> Iterator[tuple[Initializer, ...]]:
    """The same for each of the application's databases, the first one first."""
    with loading(), tamed(call.screen, debug=call.debug):
        app = _application(call, target.settings)
        if app is None:
            from initdb.statemachine.initializer import Initializer

            yield tuple(Initializer(settings=one, watcher=watcher) for one in target.settings.each())
            return
        from initdb.flask.binding import engine_of, initializer_for, settings_for
        from initdb.flask.binds import with_binds

        db = _extension(app, target.settings)
        engine = engine_of(app, db)
        _check_same_database(call, engine)
        with app.app_context():
            settings = with_binds(app, db, settings_for(app, engine, call.settings))
            yield tuple(initializer_for(app, db, one, watcher=watcher) for one in settings.each())


def make_reading_engine(call: Call, target: Target) -> Engine:
    """An engine for the journal, which needs neither models nor revisions: they may be what is broken.

    Raises InitError.
    """
    settings = target.settings
    given = call.settings.keys() & {"database_url", "work_url"}
    named = settings.databases or settings.database is None
    url = settings.url if named else None
    if url is not None and (given or call.flask is None):
        from initdb.steps.engines.make import make_engine

        return make_engine(url)
    with loading(), tamed(call.screen, debug=call.debug):
        app = _application(call, settings)
        if app is None:
            raise InitError("database-url-missing")
        from initdb.flask.binding import engine_of, settings_for
        from initdb.flask.binds import engine_of_bind, with_binds

        db = _extension(app, settings)
        engine = engine_of(app, db)
        settings = with_binds(app, db, settings_for(app, engine, call.settings))
        return engine_of_bind(app, db, settings, settings.database) if settings.database else engine


def _application(call: Call, settings: Settings) -> Any:
    """The Flask application: that which `flask` was called for, or which the setting names; None for none."""
    with _environment(call):
        if call.flask is not None and "app" not in call.settings:
            return call.flask()
        if settings.app is None:
            return None
        found = load_object(settings.app, reference="bad-app", folder=settings.folder)
        return _made(found, settings.app)


def _made(found: object, text: str) -> object:
    """The application, made where `found` is the function that makes it."""
    if hasattr(found, "extensions") or not callable(found):
        return found
    try:
        return found()
    except InitError:
        raise
    except (Exception, SystemExit) as error:
        raise InitError("bad-app", f'"{text}" raised {type(error).__name__}: {error}') from error


def _extension(app: Any, settings: Settings) -> Any:
    extensions = getattr(app, "extensions", None)
    if not isinstance(extensions, dict) or "sqlalchemy" not in extensions:
        said = f'"{settings.app}"' if settings.app else "the application"
        raise InitError(
            "bad-app",
            f"{said} is of type {type(app).__name__} and has no Flask-SQLAlchemy;"
            " name its models with metadata and its database with database_url instead",
        )
    return extensions["sqlalchemy"]


@contextmanager
def _environment(call: Call) -> Iterator[None]:
    """While an application is made, DATABASE_URL is the database that the command names."""
    given = call.settings.get("database_url")
    before = os.environ.get("DATABASE_URL")
    if not isinstance(given, str):
        yield
        return
    os.environ["DATABASE_URL"] = given
    try:
        yield
    finally:
        os.environ.pop("DATABASE_URL")
        if before is not None:
            os.environ["DATABASE_URL"] = before


def _check_same_database(call: Call, engine: Engine) -> None:
    """An application that does not take its database from DATABASE_URL would be made ready elsewhere."""
    from initdb.steps.engines.make import parse_url

    given = call.settings.get("database_url")
    if not isinstance(given, str) or "work_url" in call.settings:
        return
    wanted, found = parse_url(given), engine.url
    same = (wanted.get_backend_name(), wanted.host, wanted.port, wanted.database)
    if same != (found.get_backend_name(), found.host, found.port, found.database):
        raise InitError(
            "bad-app",
            f"the application connects to {url_text(found)}, but --database-url is {url_text(wanted)}",
            fix="Leave --database-url out, or let the application read DATABASE_URL.",
        )
