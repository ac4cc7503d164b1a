"""The code's fingerprint: the hashes of revisions, seeds, models, rules and the settings of the work."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Dialect, MetaData

from initdb.settings import Settings
from initdb.steps.context import Application
from initdb.steps.python_files.source_of import source_of
from initdb.steps.revisions.listing import content_digest
from initdb.steps.revisions.locate import MigrationPlace
from initdb.steps.revisions.reading import digest_of
from initdb.steps.seeds.functions import function_digest
from initdb.steps.survey.models_digest import models_digest

JUDGING = 3
"""The version of the way in which a database is judged. A newer one validates each database once more."""


def code_parts(application: Application, settings: Settings, dialect: Dialect) -> dict[str, str]:
    """The hash of each part of the code that this process knows. The application's version is no part of it.

    Args:
        application: The parts of the application.
        settings: The settings.
        dialect: Of the database.

    Returns:
        Part → hash, 64 hexadecimal digits. The parts are "settings", "judging", "migrations", "models",
        "base", "seeds" and "rules".
    """
    chosen = [f"{name}={value}" for name, value in sorted(settings.work_fingerprint().items())]
    parts = {"settings": _lines(chosen), "judging": _lines([str(JUDGING)])}
    if application.place is not None:
        revisions = application.graph.digest() if application.graph else _everything(application.place)
        env_py = application.env_py or "missing"
        parts["migrations"] = _lines([revisions, env_py, *_around(application.place)])
    if application.metadata is not None:
        parts["models"] = models_digest(application.metadata, dialect)
    if application.base is not None:
        parts["base"] = _base_digest(application.base, dialect)
    if application.has_seeds:
        parts["seeds"] = _lines(f"{source.name}\0{source.digest}" for source in application.seeds)
    if application.rules:
        parts["rules"] = _lines(
            f"{rule.name}\0{rule.severity}\0{function_digest(rule.check)}" for rule in application.rules
        )
    return parts


def _base_digest(base: object, dialect: Dialect) -> str:
    if isinstance(base, MetaData):
        return models_digest(base, dialect)
    return _lines([source_of(base)])


def _around(place: MigrationPlace) -> list[str]:
    """The hashes of what the Config of env.py comes from."""
    found = [] if place.ini is None else [_file(place.ini)]
    if place.toml is not None:
        found.append(_alembic_part(place.toml))
    return [*found, place.made_by] if place.made_by else found


def _alembic_part(toml: Path) -> str:
    """The hash of what a pyproject.toml says to Alembic; the rest of it says nothing of revisions."""
    import tomllib  # most boots do not need it

    try:
        said = tomllib.loads(toml.read_text(encoding="utf-8")).get("tool", {}).get("alembic", {})
    except (OSError, ValueError):
        return "missing"
    return _lines([json.dumps(said, sort_keys=True, default=str)])


def _everything(place: MigrationPlace) -> str:
    """The hash of every file in the directory. Its env.py chooses the folders, so every file may count."""
    return content_digest(replace(place, version_locations=(place.script_location,), recursive=True))


def _file(path: Path) -> str:
    return digest_of(path) or "missing"


def _lines(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode(errors="surrogatepass")).hexdigest()
