"""Chooses the engine to work on, and the engines of the other databases that the same env.py migrates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from initdb.errors import InitError
from initdb.settings import Settings
from initdb.steps.engines.make import make_engine
from initdb.steps.engines.shared_folder import refuse_shared

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


@dataclass(frozen=True, slots=True)
class Engines:
    """The engine to work on, and those of the other databases, the first database first."""

    work: Engine
    beside: tuple[Engine, ...]


def choose_engines(
    settings: Settings, engine: Engine | AsyncEngine | None, beside: Sequence[Engine]
) -> Engines:
    """Choose the engine of `work_url`, else the application's own, else that of `database_url`.

    In place of an engine that is awaited one is made for the same URL with a synchronous driver.

    Args:
        settings: If `database` names one of several, the URL is that of this one, and `work_url` is not used.
        engine: The application's own, if it has one; also an asynchronous one.
        beside: The engines of the other databases, if the application has them; else they are made.

    Raises:
        InitError: `database-url-missing`, `shared-folder`; or a URL is not one that initdb can use.
    """
    if engine is None or (settings.work_url and settings.database is None):
        if not settings.url:
            raise InitError("database-url-missing")
        engine = make_engine(settings.url)
    engine = _synchronous(engine)
    refuse_shared(engine, settings)
    return Engines(engine, tuple(beside) or tuple(make_engine(url) for url in _urls_beside(settings)))


def _synchronous(engine: Engine | AsyncEngine) -> Engine:
    if isinstance(engine, Engine) and not engine.dialect.is_async:
        return engine
    url = engine.url
    if url.get_backend_name() == "sqlite" and not url.database:
        said = "A database in memory is seen by its asynchronous engine alone: name a file."
        raise InitError("unsupported-database", said, database="sqlite")
    return make_engine(url.render_as_string(hide_password=False))


def _urls_beside(settings: Settings) -> list[str]:
    urls = [url for name, url in settings.companion_urls().items() if name != settings.database]
    first = replace(settings, database=None).url
    return [first, *urls] if settings.database is not None and first else urls
