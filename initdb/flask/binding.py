"""From a Flask application and its db to an Initializer: engine, models, settings, revisions, seeds."""

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
from initdb.statemachine.assemble.site import Watcher
from initdb.statemachine.initializer import Initializer
from initdb.steps.context import Rule
from initdb.steps.seeds.sources import Seeds

EXTENSION = "initdb"
"""The key in `app.extensions`."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What create_app gives beside app and db; kept with the application, so that commands know of it too."""

    seeds: Seeds = None
    rules: tuple[Rule, ...] = ()


def initializer_for(
    app: Flask, db: object, settings: Settings | None = None, *, watcher: Watcher | None = None
) -> Initializer:
    """The Initializer of `app` on the engine of `db`: a Flask-SQLAlchemy object, or one with an `engine`.

    `settings`: default `settings_for(app, engine)`; its `database` names the bind, None for the default one.
    Seeds and rules are those that `init_app` was given; rules are the default bind's.
    Does no I/O on the database. Raises InitError for what cannot be read: settings, revisions, seeds; and
    "bad-app" where `db` does not belong to `app`.
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
    """The Initializer for the length of a block, inside the application's context.

    Of several databases that of the first, or of the one that the settings name. An env.py or a seed that
    makes the application once more does not begin another boot. Raises as `initializer_for`.
    """
    with app.app_context(), loading():
        yield initializer_for(app, db)


def each_bound(app: Flask, db: object) -> Iterator[Initializer]:
    """The Initializer of each database, the first one first, each as `bound`. Raises as `initializer_for`."""
    with app.app_context(), loading():
        for settings in with_binds(app, db, settings_for(app, engine_of(app, db))).each():
            yield initializer_for(app, db, settings)


def settings_for(app: Flask, engine: Engine, options: Mapping[str, object] | None = None) -> Settings:
    """Defaults, files, `app.config["INITDB_…"]`, environment, `options` of a command; the later the stronger.

    Files are looked for from the application's folder upwards, then from the working directory. Relative
    paths in app.config start from the application's folder. The database is the application's own:
    DATABASE_URL and its like are not looked at. Raises InitError.
    """
    root, url = Path(app.root_path), engine.url.render_as_string(hide_password=False)
    load = partial(
        load_settings, config=app.config, config_folder=root, options={**(options or {}), "database_url": url}
    )
    found = load(folder=root)
    return found if found.sources else load()
