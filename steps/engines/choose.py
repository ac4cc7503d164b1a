"""Chooses the engine to work on, and the engines of the other databases that the same env.py migrates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Engine

from initdb.errors import InitError
from initdb.settings import Settings
from initdb.steps.engines.make import make_engine


@dataclass(frozen=True, slots=True)
class Engines:
    """The engine to work on, and those of the other databases, the first database first."""

    work: Engine
    beside: tuple[Engine, ...]


def choose_engines(settings: Settings, engine: Engine | None, beside: Sequence[Engine]) -> Engines:
    """Choose the engine of `work_url`, else the application's own, else that of `database_url`.

    Args:
        settings: If `database` names one of several, the URL is that of this one, and `work_url` is not used.
        engine: The application's own, if it has one.
        beside: The engines of the other databases, if the application has them; else they are made.

    Raises:
        InitError: `database-url-missing`; or a URL is not one that initdb can use.
    """
    if engine is None or (settings.work_url and settings.database is None):
        if not settings.url:
            raise InitError("database-url-missing")
        engine = make_engine(settings.url)
    return Engines(engine, tuple(beside) or tuple(make_engine(url) for url in _urls_beside(settings)))


def _urls_beside(settings: Settings) -> list[str]:
    urls = [url for name, url in settings.companion_urls().items() if name != settings.database]
    first = replace(settings, database=None).url
    return [first, *urls] if settings.database is not None and first else urls
