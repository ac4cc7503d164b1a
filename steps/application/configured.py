"""The Config of the revisions that the settings name, without reading the revisions."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from sqlalchemy import Engine

from initdb.errors import InitError
from initdb.loading.named import load_named
from initdb.settings import Settings
from initdb.steps.application.with_revisions import as_provider
from initdb.steps.context import ConfigProvider
from initdb.steps.revisions.locate import find_directories


def config_provider(settings: Settings, engine: Engine) -> ConfigProvider:
    """What makes the Config.

    Args:
        settings: They name the directory, or the callable.
        engine: Its URL is put where env.py looks for one.

    Raises:
        InitError: `migrations-not-found`.
    """
    folder = settings.folder or Path.cwd()
    named = load_named(None, None, settings.migrations, folder=folder).migrations
    if named is None:
        raise InitError("migrations-not-found", "no migrations are configured")
    if callable(named):
        return as_provider(named)
    from initdb.steps.alembic_driver import provider_of

    return provider_of(find_directories(cast("str | Path", named)), engine)
