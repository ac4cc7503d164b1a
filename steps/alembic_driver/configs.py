"""Alembic's Config for a directory, with initdb's database where env.py looks for one."""

from __future__ import annotations

import hashlib
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
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


_OF_THE_PLACE = frozenset({"here", "script_location", "version_locations", "sqlalchemy.url"})
"""Options that are paths, or a URL with a password. The revisions themselves are hashed elsewhere."""


@dataclass(frozen=True, slots=True)
class FoundConfig:
    """What a callable's Config says, as it is now.

    Attributes:
        script_location: The folder with env.py.
        version_locations: The folders of the revisions.
        digest: The hash of its options, without the URL.
    """

    script_location: Path
    version_locations: tuple[Path, ...]
    digest: str


def found_by(provider: Provider) -> FoundConfig:
    """Read a callable's Config, without running env.py.

    Args:
        provider: The callable.

    Raises:
        InitError: The callable fails, or does not run the function that it gets.
    """
    found: list[FoundConfig] = []

    def note(config: Config) -> None:
        script = ScriptDirectory.from_config(config)
        locations = private_names.version_locations(script)
        found.append(FoundConfig(Path(script.dir), locations, _digest(config)))

    with translated(lambda error: env_failure(error, "")):
        provider(note)
    if not found:
        raise InitError("migrations-not-found", "the callable did not run the function it was given")
    return found[0]


def _digest(config: Config) -> str:
    """The hash of what the Config was given, without what differs between machines and databases."""
    options = config.file_config.items(config.config_ini_section, raw=True)
    said = sorted(f"{name}={value}" for name, value in options if name not in _OF_THE_PLACE)
    arguments = getattr(config.cmd_opts, "x", None) or ()
    return hashlib.sha256("\n".join([*said, *map(str, arguments)]).encode(errors="surrogatepass")).hexdigest()
