"""Makes the application that the steps work with, from what a team gives."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from sqlalchemy import Engine

from initdb import migrations as own_migrations
from initdb.errors import InitError
from initdb.loading.named import load_named
from initdb.settings import Settings
from initdb.steps.application.given import Given
from initdb.steps.application.with_revisions import with_revisions
from initdb.steps.context import Application
from initdb.steps.engines.choose import Engines
from initdb.steps.seeds.ordering import by_parents
from initdb.steps.seeds.sources import Seeds, discover, ignored


def assemble(given: Given, settings: Settings, engines: Engines) -> Application:
    """Read and check the parts of an application, before anything is changed.

    The built-in identity schema takes their place if `schema_from` is "identity", and only then.

    Args:
        given: What the caller hands over.
        settings: They name what is not handed over.
        engines: The engines of the work.

    Raises:
        InitError: A setting contradicts another one; there are neither models nor revisions nor seeds; or
            they cannot be read; `manifest-unusable`, `not-in-manifest`.
    """
    given, folder = given.before(settings), settings.folder or Path.cwd()
    if settings.databases and given.migrations is None:
        raise InitError("bad-setting", "databases are what one env.py migrates, but migrations is not given")
    if settings.schema_from == "identity":
        if not given.is_nothing:
            said = 'schema_from is "identity", but the application has models, revisions or seeds of its own'
            raise InitError("bad-setting", said)
        return _identity(given, engines.work, folder)
    if given.is_nothing:
        raise InitError("schema-not-named")
    named = load_named(given.metadata, given.base, given.migrations, folder=folder)
    if settings.schema_from == "models" and named.metadata is None and settings.database is None:
        raise InitError("bad-setting", 'schema_from is "models", but metadata is not given, nor an app')
    seeds = discover(given.seeds, folder=folder)
    application = Application(
        metadata=named.metadata,
        seeds=by_parents([one for one in seeds if given.owns is None or given.owns(one)], named.metadata),
        has_seeds=bool(given.seeds),
        left_out=partial(_left_out, given.seeds, folder),
        rules=given.rules,
        base=named.base,
        schema_from=_of_this_database(settings).schema_source(
            has_migrations=named.migrations is not None,
            has_base=named.base is not None and settings.database is None,
        ),
        name=given.name or folder.name,
        folder=folder,
        companions=engines.beside,
    )
    first = engines.beside[0] if settings.database is not None and engines.beside else engines.work
    read = with_revisions(application, named.migrations, given.provider, first)
    if settings.require_manifest is None:
        return read
    from initdb.steps.survey.manifest import vouched

    return vouched(read, settings)


def _left_out(seeds: Seeds, folder: Path) -> tuple[str, ...]:
    return tuple(f"{path} is no seed: {why}" for path, why in ignored(seeds, folder=folder))


def _of_this_database(settings: Settings) -> Settings:
    """The settings for this database: only the first of several databases can have a base."""
    if settings.database is None:
        return settings
    return replace(
        settings, base=None, schema_from=None if settings.schema_from == "base" else settings.schema_from
    )


def _identity(given: Given, engine: Engine, folder: Path) -> Application:
    from initdb.steps.identity.models import IDENTITY
    from initdb.steps.seeds.sources import identity_source

    application = Application(
        metadata=IDENTITY,
        seeds=(identity_source(),),
        has_seeds=True,
        rules=given.rules,
        schema_from="models",
        identity=True,
        name=given.name or folder.name,
        folder=folder,
    )
    scripts = Path(own_migrations.__file__).parent / "identity"
    found = with_revisions(application, scripts, None, engine)
    return replace(found, version_table="init_identity_version")
