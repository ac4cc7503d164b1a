"""The revisions among the parts of an application: where they are, what they contain, how env.py runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

from sqlalchemy import Engine

from initdb.steps.context import Application, ConfigProvider, ConfigTask
from initdb.steps.env_py.source import chooses_folders, version_table
from initdb.steps.revisions.checked import checked_graph
from initdb.steps.revisions.locate import MigrationPlace, find_directories


def with_revisions(
    application: Application, migrations: object, provider: ConfigProvider | None, engine: Engine
) -> Application:
    """The application with the revisions that `migrations` names, read and checked.

    Args:
        application: The other parts.
        migrations: A folder, an ini file, a package, or a callable that makes a Config. None is no revisions.
        provider: Makes the Config of a folder; None if initdb makes it.
        engine: The engine whose database env.py is to find.

    Raises:
        InitError: The directory or a revision in it cannot be read, or the callable fails.
    """
    if migrations is None:
        return application
    if callable(migrations):
        provider = cast("ConfigProvider", migrations)
        place = _place_of(provider)
    else:
        place = find_directories(cast("str | Path", migrations))
    env_py = place.script_location / "env.py"
    table, schema = version_table(env_py)
    chooses = chooses_folders(env_py)
    return replace(
        application,
        place=place,
        graph=None if chooses else checked_graph(place),
        env_chooses=chooses,
        provider=provider or _lazy_provider(place, engine),
        version_table=table,
        version_schema=schema,
    )


def _place_of(provider: ConfigProvider) -> MigrationPlace:
    from initdb.steps.alembic_driver import place_of

    location, versions = place_of(provider)
    return MigrationPlace(location, None, versions)


def _lazy_provider(place: MigrationPlace, engine: Engine) -> ConfigProvider:
    """Import Alembic only when it is needed."""

    def provide(run: ConfigTask) -> None:
        from initdb.steps.alembic_driver import provider_of

        provider_of(place, engine)(run)

    return provide
