"""The code's fingerprint: hashes of revisions, seeds, models and the settings that alter the work."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import MetaData, Table
from sqlalchemy.schema import CreateIndex, CreateTable

from initdb.settings import Settings
from initdb.steps.context import Application


def code_parts(application: Application, settings: Settings) -> dict[str, str]:
    """Part → hash, 64 hex digits, of what this process knows of its own code; the application's version is no part."""
    parts = {"settings": _lines(f"{name}={value}" for name, value in sorted(settings.work_fingerprint().items()))}
    if application.graph is not None and application.place is not None:
        parts["migrations"] = _lines(
            [application.graph.digest(), _file(application.place.script_location / "env.py")]
        )
    if application.metadata is not None:
        parts["models"] = models_digest(application.metadata)
    if application.seeds:
        parts["seeds"] = _lines(f"{source.name}\0{source.digest}" for source in application.seeds)
    return parts


def models_digest(metadata: MetaData) -> str:
    """The hash of the source files that define the tables; of a table that no module holds, of its DDL.

    `repr` of a column differs in every process, so the text of the files speaks for them.
    """
    files, found = set(), set()
    for module in list(sys.modules.values()):
        tables = _tables_in(module, metadata)
        file = getattr(module, "__file__", None) if tables else None
        if file and Path(file).is_file():
            files.add(file)
            found |= tables
    rest = [table for key, table in sorted(metadata.tables.items()) if key not in found]
    return _lines([*sorted(_file(Path(file)) for file in files), *(_ddl(table) for table in rest)])


def _tables_in(module: object, metadata: MetaData) -> set[str]:
    found = set()
    for value in list(getattr(module, "__dict__", {}).values()):
        table = value.__dict__.get("__table__") if isinstance(value, type) else value
        if isinstance(table, Table) and table.metadata is metadata:
            if isinstance(value, type) and value.__module__ != getattr(module, "__name__", None):
                continue
            found.add(table.key)
    return found


def _ddl(table: Table) -> str:
    indexes = sorted(str(CreateIndex(index)) for index in table.indexes)
    return "\n".join([str(CreateTable(table)), *indexes])


def _file(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "missing"


def _lines(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode(errors="surrogatepass")).hexdigest()
