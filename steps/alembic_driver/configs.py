"""Alembic's Config for a directory, with initdb's database where env.py looks for one."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from alembic.command import upgrade
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from initdb.errors import InitError
from initdb.errors.translated import translated
from initdb.steps.alembic_driver import private_names
from initdb.steps.engines.urls import for_env_py
from initdb.steps.env_py.failure import env_failure
from initdb.steps.env_py.source import awaits
from initdb.steps.revisions.locate import MigrationPlace

Provider = Callable[[Callable[[Config], None]], None]
"""Makes a Config, and runs the given function in its context (an application, a thread, attributes)."""


def provider_of(place: MigrationPlace, engine: Engine) -> Provider:
    """Make the provider of a directory's Config.

    Args:
        place: Where the revisions are.
        engine: Its URL is put where env.py looks for one.
    """

    def provide(run: Callable[[Config], None]) -> None:
        run(_config(place, engine))

    return provide


def _config(place: MigrationPlace, engine: Engine) -> Config:
    config = Config(str(place.ini) if place.ini else None, toml_file=str(place.toml) if place.toml else None)
    said = config.file_config.get(config.config_ini_section, "sqlalchemy.url", raw=True, fallback=None)
    url = for_env_py(engine.url, said, awaits=awaits(place.script_location / "env.py"))
    config.set_main_option("script_location", _escaped(str(place.script_location)))
    config.set_main_option("sqlalchemy.url", _escaped(url.render_as_string(hide_password=False)))
    config.attributes["engine"] = engine
    config.cmd_opts = _command_line()
    config.attributes["initdb_version_locations"] = [str(path) for path in place.version_locations]
    return config


def _command_line() -> Namespace:
    """What `alembic upgrade heads` leaves in the Config. Some env.py read it."""
    common = {"config": None, "name": "alembic", "x": None, "raiseerr": False, "quiet": False}
    own = {"sql": False, "tag": None, "revision": "heads", "cmd": (upgrade, ["revision"], ["sql", "tag"])}
    return Namespace(**common, **own)


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def place_of(provider: Provider) -> tuple[Path, tuple[Path, ...]]:
    """Find the script location and the version locations of a callable's Config, without running env.py.

    Args:
        provider: The callable.

    Raises:
        InitError: The callable fails, or does not run the function that it gets.
    """
    found: list[tuple[Path, tuple[Path, ...]]] = []

    def note(config: Config) -> None:
        script = ScriptDirectory.from_config(config)
        found.append((Path(script.dir), private_names.version_locations(script)))

    with translated(lambda error: env_failure(error, "")):
        provider(note)
    if not found:
        raise InitError("migrations-not-found", "the callable did not run the function it was given")
    return found[0]
