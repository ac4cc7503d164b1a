"""The binds of an application, if its env.py migrates them: more databases than the first one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from flask import Flask
from sqlalchemy import Engine

from initdb.flask.extension import engines_of, metadata_of
from initdb.flask.revisions import revisions_of
from initdb.settings import Settings
from initdb.steps.engines.make import make_engine
from initdb.steps.env_py.source import runs_in_a_loop
from initdb.steps.revisions.locate import find_directories
from initdb.steps.seeds.model import SeedSource


def with_binds(app: Flask, db: object, settings: Settings) -> Settings:
    """The settings, with the binds as `databases` if env.py migrates several (`flask db init --multidb`).

    Raises:
        InitError: bad-setting; the setting `database` names none of them.
    """
    binds = {key: engine for key, engine in engines_of(app, db).items() if key is not None}
    if binds and not settings.databases and _goes_through_several(app, settings):
        urls = {key: engine.url.render_as_string(hide_password=False) for key, engine in binds.items()}
        settings = replace(settings, databases=tuple(f"{key}={url}" for key, url in urls.items()))
    settings.companion_urls()
    return settings


@dataclass(frozen=True, slots=True)
class BindEngines:
    """The engines of an application's databases.

    Attributes:
        first: The application's own, of its first database.
        work: That of `work_url`, if another role does the work on the first database.
        others: Of the other databases, by name.
    """

    first: Engine
    work: Engine | None
    others: Mapping[str, Engine]

    def of(self, name: str | None) -> Engine:
        """The engine of the database of this name; None is the first database."""
        return self.first if name is None else self.others[name]

    def beside(self, name: str | None) -> tuple[Engine, ...]:
        """The engines of all databases but this one, the first one first."""
        others = [engine for other, engine in self.others.items() if other != name]
        return tuple(others if name is None else [self.work or self.first, *others])


def bind_engines(app: Flask, db: object, settings: Settings, first: Engine) -> BindEngines:
    """The engines of the application, and new ones for the URLs without an engine."""
    own = engines_of(app, db)
    urls = settings.companion_urls()
    return BindEngines(
        first,
        make_engine(settings.work_url) if settings.work_url else None,
        {name: own.get(name) or make_engine(url) for name, url in urls.items()},
    )


def engine_of_bind(app: Flask, db: object, settings: Settings, name: str) -> Engine:
    """The application's engine of one of `databases`, or a new one for its URL."""
    return engines_of(app, db).get(name) or make_engine(settings.companion_urls()[name])


def owner_of_seeds(db: object, settings: Settings) -> Callable[[SeedSource], bool] | None:
    """Which seeds are for the database that the settings name; None if there is only one database.

    A file belongs to the first database whose models have its table, and anything else to the first database.
    """
    names: list[str | None] = [None, *settings.companion_urls()]
    if len(names) == 1:
        return None

    def owns(source: SeedSource) -> bool:
        having = (name for name in names if source.table in getattr(metadata_of(db, name), "tables", ()))
        return (None if source.path is None else next(having, None)) == settings.database

    return owns


def _goes_through_several(app: Flask, settings: Settings) -> bool:
    revisions = revisions_of(app, settings)
    return revisions is not None and runs_in_a_loop(find_directories(revisions).script_location / "env.py")
