"""The revisions among the parts of an application: where they are, what they contain, how env.py runs."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

from sqlalchemy import Engine

from initdb.errors import InitError
from initdb.steps.application.left_out import LeftOut
from initdb.steps.context import Application, ConfigProvider, ConfigTask
from initdb.steps.env_py.source import chooses_folders, version_table
from initdb.steps.python_files.source_of import source_of
from initdb.steps.revisions.checked import checked_graph
from initdb.steps.revisions.locate import MigrationPlace, find_directories
from initdb.steps.revisions.reading import digest_of


def with_revisions(
    application: Application, migrations: object, provider: ConfigProvider | None, engine: Engine
) -> Application:
    """The application with the revisions that `migrations` names, read and checked.

    Args:
        application: The other parts.
        migrations: A folder, an ini file, a package, or a callable: it returns a Config, or gets a function
            that it calls with one. None is no revisions.
        provider: Makes the Config of a folder; None if initdb makes it.
        engine: The engine whose database env.py is to find.

    Raises:
        InitError: The directory or a revision in it cannot be read, or the callable fails.
    """
    if migrations is None:
        return application
    if callable(migrations):
        provider = as_provider(migrations)
        place = _place_of(provider, migrations)
    else:
        place = find_directories(cast("str | Path", migrations))
    env_py = place.script_location / "env.py"
    table, schema = version_table(env_py)
    chooses = chooses_folders(env_py)
    made = replace(
        application,
        place=place,
        graph=None if chooses else checked_graph(place),
        env_chooses=chooses,
        provider=provider or _lazy_provider(place, engine),
        version_table=table,
        version_schema=schema,
        env_py=digest_of(env_py),
    )
    return replace(made, excluded=LeftOut(made))


def as_provider(given: Callable[..., object]) -> ConfigProvider:
    """Make a provider of a callable: one that is given initdb's function, or one that returns a Config.

    Args:
        given: It takes the function if it must have an argument.
    """
    if _wants_argument(given):
        return cast("ConfigProvider", given)

    def provide(run: ConfigTask) -> None:
        config = given()
        if not hasattr(config, "get_main_option"):
            said = f"the callable returned {type(config).__name__}, not a Config of Alembic"
            raise InitError("migrations-not-found", said)
        run(config)

    return provide


def _wants_argument(given: Callable[..., object]) -> bool:
    try:
        parameters = inspect.signature(given).parameters.values()
    except (TypeError, ValueError):  # it is written in C and does not say
        return True
    positional = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    return any(one.kind in positional and one.default is one.empty for one in parameters)


def _place_of(provider: ConfigProvider, given: Callable[..., object]) -> MigrationPlace:
    from initdb.steps.alembic_driver import found_by

    found = found_by(provider)
    made_by = hashlib.sha256(f"{source_of(given)}\0{found.digest}".encode(errors="surrogatepass")).hexdigest()
    return MigrationPlace(found.script_location, None, found.version_locations, made_by=made_by)


def _lazy_provider(place: MigrationPlace, engine: Engine) -> ConfigProvider:
    """Import Alembic only when it is needed."""

    def provide(run: ConfigTask) -> None:
        from initdb.steps.alembic_driver import provider_of

        provider_of(place, engine)(run)

    return provide
