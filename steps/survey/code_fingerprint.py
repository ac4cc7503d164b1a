"""The code's fingerprint: hashes of revisions, seeds, models and the settings that alter the work."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Dialect, MetaData, Table
from sqlalchemy.exc import CompileError
from sqlalchemy.schema import CreateIndex, CreateTable

from initdb.settings import Settings
from initdb.steps.context import Application
from initdb.steps.revisions.listing import content_digest
from initdb.steps.revisions.locate import MigrationPlace


def code_parts(application: Application, settings: Settings, dialect: Dialect) -> dict[str, str]:
    """Part → hash, 64 hex digits, of what this process knows of its own code; the application's version is no
    part."""
    parts = {
        "settings": _lines(f"{name}={value}" for name, value in sorted(settings.work_fingerprint().items()))
    }
    if application.place is not None:
        revisions = application.graph.digest() if application.graph else _everything(application.place)
        parts["migrations"] = _lines([revisions, _file(application.place.script_location / "env.py")])
    if application.metadata is not None:
        parts["models"] = models_digest(application.metadata, dialect)
    if application.seeds:
        parts["seeds"] = _lines(f"{source.name}\0{source.digest}" for source in application.seeds)
    return parts


def _everything(place: MigrationPlace) -> str:
    """Of a directory whose env.py chooses among its folders, every file counts."""
    return content_digest(replace(place, version_locations=(place.script_location,), recursive=True))


def models_digest(metadata: MetaData, dialect: Dialect) -> str:
    """The hash of the DDL that the models mean on this database, table by table in order of their names.

    Not of source files: a mixin's file defines no table of its own, and which modules are imported differs
    from process to process.
    """
    return _lines(_ddl(table, dialect) for _, table in sorted(metadata.tables.items()))


def _ddl(table: Table, dialect: Dialect) -> str:
    try:
        made = str(CreateTable(table).compile(dialect=dialect))
        indexes = sorted(str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes)
    except CompileError:
        # A type of another database: its name and its options still tell one model from the next.
        made = "\n".join(f"{c.name} {c.type!r} {c.nullable} {c.primary_key}" for c in table.columns)
        indexes = sorted(str(index.name) for index in table.indexes)
    return "\n".join([table.fullname, made, *indexes])


def _file(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "missing"


def _lines(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode(errors="surrogatepass")).hexdigest()
