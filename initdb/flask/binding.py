"""Makes the Initializer of a Flask application: engine, models, settings, revisions, seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flask import Flask
from sqlalchemy import Engine

from initdb.booting import loading
from initdb.flask.binds import bind_engines, owner_of_seeds, with_binds
from initdb.flask.extension import engine_of, metadata_of
from initdb.flask.revisions import provider_for, revisions_of
from initdb.settings import Settings, load_settings
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.site import Watcher
from initdb.steps.context import Rule
from initdb.steps.seeds.sources import Seeds

EXTENSION = "initdb"
"""The key in `app.extensions`."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What `init_app` was given besides app and db. It is kept in `app.extensions`, for the commands."""

    seeds: Seeds = None
    rules: tuple[Rule, ...] = ()


def initializer_for(
    app: Flask, db: object, settings: Settings | None = None, *, watcher: Watcher | None = None
) -> Initializer:
    """The Initializer of an application. The database is not touched.

    Seeds and rules are those that `init_app` was given; the rules are for the first database.

    Args:
        app: The application.
        db: Its Flask-SQLAlchemy object, or an object with an `engine`.
        settings: Default: `settings_for(app, engine)`. Their `database` names the bind; None is the default
            one.
        watcher: Is told what a run does.

    Raises:
        InitError: bad-app, if `db` does not belong to `app`; or settings, revisions or seeds cannot be read.
    """
    first = engine_of(app, db)
    settings = with_binds(app, db, settings or settings_for(app, first))
    name, revisions = settings.database, revisions_of(app, settings)
    parts: Parts = app.extensions.get(EXTENSION, Parts())
    models, owns = metadata_of(db, name), owner_of_seeds(db, settings)
    engines = bind_engines(app, db, settings, first)
    provider = provider_for(app, db, first, engines.work, revisions)
    return Initializer(
        engines.of(name),
        metadata=models,
        migrations=revisions,
        provider=provider,
        seeds=parts.seeds,
        rules=() if name else parts.rules,
        name=None if settings.application else app.name,
        settings=settings,
        watcher=watcher,
        companions=engines.beside(name),
        owns=owns,
    )


@contextmanager
def bound(app: Flask, db: object) -> Iterator[Initializer]:
    """The Initializer for the length of a block, in the context of the application.

    Of several databases it is the first, or the one that the settings name. If env.py or a seed creates the
    application once more, that begins no other boot.

    Raises:
        InitError: As `initializer_for`.
    """
    with app.app_context(), loading():
        yield initializer_for(app, db)


def each_bound(app: Flask, db: object) -> Iterator[Initializer]:
    """The Initializer of each database, the first one first, each as `bound`.

    Raises:
        InitError: As `initializer_for`.
    """
    with app.app_context(), loading():
        for settings in with_binds(app, db, settings_for(app, engine_of(app, db))).each():
            yield initializer_for(app, db, settings)


def settings_for(app: Flask, engine: Engine, options: Mapping[str, object] | None = None) -> Settings:
    """Load the settings of an application.

    The search for files starts in the folder of the application; if it finds none there or above, it starts
    in the working directory. Relative paths in `app.config` start in the folder of the application. The
    database is the application's own, so variables such as DATABASE_URL are not read.

    Args:
        app: The application; `app.config["INITDB_…"]` are settings.
        engine: The engine of its first database.
        options: The settings that a command was given.

    Raises:
        InitError: A setting is wrong, or a file cannot be read.
    """
    root, url = Path(app.root_path), engine.url.render_as_string(hide_password=False)
    load = partial(
        load_settings, config=app.config, config_folder=root, options={**(options or {}), "database_url": url}
    )
    found = load(folder=root)
    return found if found.sources else load()
