"""The inventory of a ready database: what it has of the models, and which of their tables have rows.

A later boot tells by it what was lost from what was never there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData
from sqlalchemy.exc import CompileError
from sqlalchemy.schema import CreateIndex
from sqlalchemy.sql.compiler import DDLCompiler

from initdb.events.journal import Journal
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.notes import InventoryTaken
from initdb.steps.catalog.issue import Issue
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.drift.wanted import WantedTable, ddl_compiler, wanted

_MISSING = "missing-"
_TABLE = "table"


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a database had of the models when it was ready.

    Attributes:
        objects: Table → object → hash of its definition in the models. An object is `table`, or a kind and a
            name, such as `column id`.
        rows: The tables that had rows.
    """

    objects: Mapping[str, Mapping[str, str]]
    rows: frozenset[str] = frozenset()

    def lost(self, issues: Iterable[Issue], now: Mapping[str, Mapping[str, str]]) -> tuple[Issue, ...]:
        """The issues about something that was there, and that the models still define in the same way.

        Args:
            issues: Differences from the models.
            now: What `definitions` says of the models of today.
        """
        return tuple(issue for issue in issues if self._had(issue, now))

    def _had(self, issue: Issue, now: Mapping[str, Mapping[str, str]]) -> bool:
        if issue.table is None or not issue.kind.startswith(_MISSING):
            return False
        name = _name(issue)
        before = self.objects.get(issue.table, {}).get(name)
        return before is not None and before == now.get(issue.table, {}).get(name)


def last_inventory(connection: Connection, journal: Journal, known: Knowledge) -> Inventory | None:
    """The inventory of the last ready database; None if the schema was changed since, or if none was taken.

    Args:
        connection: In a transaction that may read.
        journal: Where the inventory is.
        known: What the journal says.
    """
    entry = None if known.inventory is None else journal.entry(connection, known.inventory)
    if entry is None or entry.type != InventoryTaken.type:
        return None
    said = InventoryTaken.read(entry.data)
    return Inventory(
        {table: of for table, of in said.objects.items() if isinstance(of, dict)}, frozenset(said.rows)
    )


def take(connection: Connection, metadata: MetaData, differences: Iterable[Issue]) -> Inventory:
    """The inventory of a database.

    Args:
        connection: In a transaction that may read.
        metadata: The models.
        differences: Every difference from the models, also those that people ignore.
    """
    objects = {table: dict(of) for table, of in definitions(connection, metadata).items()}
    for issue in differences:
        if issue.table not in objects or not issue.kind.startswith(_MISSING):
            continue
        if _name(issue) == _TABLE:
            del objects[issue.table]
        else:
            objects[issue.table].pop(_name(issue), None)
    there = [table for key, table in metadata.tables.items() if key in objects]
    return Inventory(objects, catalogue_of(connection).with_rows(there))


def definitions(connection: Connection, metadata: MetaData) -> dict[str, dict[str, str]]:
    """What the models define, as in `Inventory.objects`. Equal definitions have equal hashes.

    Args:
        connection: To the database, which decides on names and types.
        metadata: The models.
    """
    compiler = ddl_compiler(connection.dialect)
    return {want.item.key: _of(want, compiler) for want in wanted(connection, metadata)}


def _of(want: WantedTable, compiler: DDLCompiler) -> dict[str, str]:
    found = {name: _hash(text) for name, text in _texts(want, compiler)}
    key = ", ".join(sorted(column.name for column in want.item.primary_key.columns))
    found[_TABLE] = _hash("\n".join([key, *(f"{name} {found[name]}" for name in sorted(found))]))
    return found


def _texts(want: WantedTable, compiler: DDLCompiler) -> Iterator[tuple[str, str]]:
    for column in want.columns:
        text = _compiled(compiler.get_column_specification, column)
        yield f"column {column.name}", text or f"{column.type!r} {column.nullable}"
    for index in want.indexes:
        text = _compiled(compiler.process, CreateIndex(index.item))
        yield f"{'unique' if index.unique else 'index'} {index.name}", text or f"{index.columns}"
    for unique in want.uniques:
        yield f"unique {unique.name}", ", ".join(unique.columns)
    for key in want.foreign_keys:
        pairs = sorted((here, there or "") for here, there in key.pairs)
        yield f"foreign-key {key.name}", f"{pairs} {key.remote} {key.on_delete}"
    for check in want.checks:
        yield f"check {check.name}", _compiled(compiler.process, check.item)


def _compiled(compile_: Callable[[Any], str], item: object) -> str:
    """The DDL of an object; empty if the models use what only another database has."""
    try:
        return compile_(item)
    except CompileError:
        return ""


def _name(issue: Issue) -> str:
    kind = issue.kind.removeprefix(_MISSING)
    return _TABLE if kind == _TABLE else f"{kind} {issue.name}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
