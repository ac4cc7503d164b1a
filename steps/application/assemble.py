"""From what a team gives (objects or settings) to the parts that the steps work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, MetaData

from initdb import migrations as own_migrations
from initdb.errors import InitError
from initdb.loading.models import as_metadata, load_metadata
from initdb.loading.objects import load_object
from initdb.settings import SchemaSource, Settings
from initdb.steps.context import Application, Rule
from initdb.steps.env_py.source import chooses_folders, version_table
from initdb.steps.revisions.checked import checked_graph
from initdb.steps.revisions.locate import MigrationPlace, find_directories
from initdb.steps.seeds.model import SeedSource
from initdb.steps.seeds.sources import discover


@dataclass(frozen=True, slots=True)
class Given:
    """What a caller hands over beside the settings; each wins over the setting of the same name."""

    metadata: Any = None
    migrations: Any = None
    provider: Any = None
    seeds: Any = None
    base: Any = None
    rules: tuple[Rule, ...] = ()
    name: str | None = None
    companions: tuple[Engine, ...] = ()
    owns: Callable[[SeedSource], bool] | None = None


def assemble(given: Given, settings: Settings, engine: Engine) -> Application:
    """The application's parts, checked before anything is changed.

    Of one of several databases: the settings' models, base and seeds are those of the first.
    Where neither models nor revisions nor seeds are given it is the built-in identity schema.
    Raises InitError for what cannot be read: migrations, models, seeds.
    """
    if settings.database is not None:
        settings = replace(settings, metadata=None, base=None, seeds=(), schema_from=_of_another(settings))
    metadata = _metadata(given, settings)
    migrations = given.migrations or settings.migrations
    seeds = given.seeds if given.seeds is not None else (settings.seeds or None)
    folder = settings.folder or Path.cwd()
    if settings.databases and migrations is None:
        raise InitError("bad-setting", "databases are what one env.py migrates, but migrations is not given")
    if (
        metadata is None
        and migrations is None
        and seeds is None
        and given.base is None
        and settings.base is None
    ):
        return _identity(settings, engine, folder, given)
    application = Application(
        metadata=metadata,
        seeds=tuple(one for one in discover(seeds, folder=folder) if given.owns is None or given.owns(one)),
        rules=given.rules,
        base=_base(given, settings, folder),
        schema_from=settings.schema_source(
            has_migrations=migrations is not None, has_models=metadata is not None
        ),
        name=given.name or settings.application or folder.name,
        folder=folder,
    )
    first = given.companions[0] if settings.database is not None and given.companions else engine
    application = _with_migrations(application, migrations, given.provider, first)
    return replace(application, companions=given.companions)


def _of_another(settings: Settings) -> SchemaSource | None:
    """`schema_from` for a database that is not the first: it has no base of its own."""
    return None if settings.schema_from == "base" else settings.schema_from


def _metadata(given: Given, settings: Settings) -> MetaData | None:
    if given.metadata is not None:
        return as_metadata(given.metadata, "metadata")
    return load_metadata(settings.metadata, folder=settings.folder) if settings.metadata else None


def _base(given: Given, settings: Settings, folder: Path) -> Any:
    base = given.base
    if base is None and settings.base is not None:
        base = load_object(settings.base, folder=folder)
    return getattr(base, "metadata", base)


def _with_migrations(application: Application, migrations: Any, provider: Any, engine: Engine) -> Application:
    if migrations is None:
        return application
    if isinstance(migrations, str) and ":" in migrations and not _is_path(migrations):
        found = _callable(migrations, application.folder)
        migrations = found if found is not None else migrations
    if callable(migrations):
        provider, place = migrations, _place_of(migrations)
    else:
        place = find_directories(migrations)
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


def _is_path(text: str) -> bool:
    try:
        return Path(text).exists()
    except OSError:  # too long, or a folder on the way that may not be looked into
        return False


def _callable(text: str, folder: Path) -> Any:
    """A callable named as "module:attribute"; None where the text is a package's folder."""
    found = load_object(text, folder=folder, reference="migrations-not-found")
    return found if callable(found) else None


def _place_of(provider: Any) -> MigrationPlace:
    from initdb.steps.alembic_driver import place_of

    location, versions = place_of(provider)
    return MigrationPlace(location, None, versions)


def _lazy_provider(place: MigrationPlace, engine: Engine) -> Callable[[Callable[[Any], None]], None]:
    """Alembic is imported when there is something for it to do, and not before."""

    def provide(run: Callable[[Any], None]) -> None:
        from initdb.steps.alembic_driver import provider_of

        provider_of(place, engine)(run)

    return provide


def _identity(settings: Settings, engine: Engine, folder: Path, given: Given) -> Application:
    from initdb.steps.identity.models import IDENTITY
    from initdb.steps.seeds.sources import identity_source

    application = Application(
        metadata=IDENTITY,
        seeds=(identity_source(),),
        rules=given.rules,
        schema_from="models",
        identity=True,
        name=given.name or settings.application or folder.name,
        folder=folder,
    )
    scripts = Path(own_migrations.__file__).parent / "identity"
    return replace(
        _with_migrations(application, scripts, None, engine), version_table="init_identity_version"
    )
