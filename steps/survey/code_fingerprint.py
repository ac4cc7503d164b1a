"""The code's fingerprint: the hashes of revisions, seeds, models, rules and the settings of the work."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Constraint, Dialect, MetaData, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.exc import CompileError
from sqlalchemy.schema import CreateIndex, CreateTable

from initdb.settings import Settings
from initdb.steps.context import Application
from initdb.steps.drift.wanted import ddl_compiler
from initdb.steps.python_files.source_of import source_of
from initdb.steps.revisions.listing import content_digest
from initdb.steps.revisions.locate import MigrationPlace
from initdb.steps.revisions.reading import digest_of
from initdb.steps.seeds.functions import function_digest

JUDGING = 2
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


def models_digest(metadata: MetaData, dialect: Dialect) -> str:
    """The hash of the models' DDL on this database, table by table in the order of their names.

    It is not a hash of source files: the file of a mixin defines no table, and processes differ in the
    modules that they import.

    Args:
        metadata: The models.
        dialect: Of the database.
    """
    return _lines(_ddl(table, dialect) for _, table in sorted(metadata.tables.items()))


def _ddl(table: Table, dialect: Dialect) -> str:
    try:
        made = _in_one_order(table, str(CreateTable(table).compile(dialect=dialect)), dialect)
        indexes = sorted(str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes)
    except CompileError:
        # The models use a type of another database. Its name and options still distinguish models.
        made = "\n".join(f"{c.name} {c.type!r} {c.nullable} {c.primary_key}" for c in table.columns)
        indexes = sorted(str(index.name) for index in table.indexes)
    return "\n".join([table.fullname, made, *indexes])


def _in_one_order(table: Table, made: str, dialect: Dialect) -> str:
    """The statement with the table's own constraints in the order of their texts, if there are several.

    A copy by Table.to_metadata() has them in another order in each process.
    """
    several = [one for one in table.constraints if not _has_its_place(one)]
    if len(several) < 2:
        return made
    compiler = ddl_compiler(dialect)
    texts = sorted(filter(None, map(compiler.process, several)), key=lambda text: (-len(text), text))
    for text in texts:
        made = made.replace(text, "", 1)
    return "\n".join([made, *texts])


def _has_its_place(constraint: Constraint) -> bool:
    """Whether it is the key, or comes with a column: `unique=True`."""
    if isinstance(constraint, UniqueConstraint):
        return [column.unique for column in constraint.columns] == [True]
    return isinstance(constraint, PrimaryKeyConstraint)


def _file(path: Path) -> str:
    return digest_of(path) or "missing"


def _lines(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode(errors="surrogatepass")).hexdigest()
