# ruff: noqa: S608 (put together from constants alone)
"""Reads the tables of a SQLite database with table-valued pragma functions, all tables at once.

SQLAlchemy's Inspector reads SQLite table by table, and its patterns miss some constraints. The functions:
https://sqlite.org/pragma.html#pragfunc
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection

from initdb.steps.catalog.asking import Row, asking
from initdb.steps.catalog.found import FoundColumn, FoundForeignKey, FoundIndex, FoundTable, Key

# The columns of a view of a missing table, or of a virtual table without its module, cannot be asked for.
_TABLE = "m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL TABLE%'"
_OBJECTS = f"""SELECT name, {_TABLE} AS is_table, coalesce(sql, '') AS sql FROM {{db}}.sqlite_schema m
    WHERE type IN ('table', 'view')"""
_COLUMNS = f"""SELECT m.name AS tbl, c.name, c.type, c."notnull" AS required, c.dflt_value, c.pk, c.hidden
    FROM {{db}}.sqlite_schema m JOIN pragma_table_xinfo(m.name, {{word}}) c
    WHERE {_TABLE} ORDER BY m.name, c.cid"""
_INDEXES = f"""SELECT m.name AS tbl, i.name, i."unique" AS is_unique, i.origin, i.partial,
    c.cid, c.name AS col FROM {{db}}.sqlite_schema m JOIN pragma_index_list(m.name, {{word}}) i
    JOIN pragma_index_xinfo(i.name, {{word}}) c WHERE {_TABLE} AND c."key" ORDER BY m.name, i.name, c.seqno"""
_FOREIGN_KEYS = f"""SELECT m.name AS tbl, f.id, f."table" AS remote, f."from" AS local, f."to" AS col,
    f.on_delete FROM {{db}}.sqlite_schema m JOIN pragma_foreign_key_list(m.name, {{word}}) f WHERE {_TABLE}
    ORDER BY m.name, f.id, f.seq"""

# A name, a string or a comment, in which words mean nothing; or a check, with its name if it has one.
_QUOTED = r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]"""
_CHECK = re.compile(
    rf"(?:\bCONSTRAINT\s+(?P<name>{_QUOTED}|\w+)\s+)?\b(?P<check>CHECK)\s*\(|{_QUOTED}|--[^\n]*|/\*.*?\*/",
    re.IGNORECASE | re.DOTALL,
)


class _Column(NamedTuple):
    table: str
    name: str
    type: str | None
    required: int
    default: str | None
    key: int
    hidden: int


class _IndexPart(NamedTuple):
    table: str
    name: str
    is_unique: int
    origin: str
    partial: int
    number: int
    column: str | None


class _KeyPart(NamedTuple):
    table: str
    id: int
    remote: str
    local: str
    column: str | None
    on_delete: str


_Row = TypeVar("_Row", _Column, _IndexPart, _KeyPart)


def reflect(connection: Connection, schemas: Collection[str | None]) -> dict[Key, FoundTable]:
    """See `initdb.steps.catalog.port.Catalogue.reflect`. None is the main database."""
    found: dict[Key, FoundTable] = {}
    for schema in schemas:
        found |= _database(connection, schema)
    return found


def _database(connection: Connection, schema: str | None) -> dict[Key, FoundTable]:
    quoted = connection.dialect.identifier_preparer.quote_identifier(schema or "main")
    word = "'" + (schema or "main").replace("'", "''") + "'"

    def rows(query: str) -> Iterable[Row]:
        return asking(connection)(query.format(db=quoted, word=word))

    columns = _by_table(_Column(*row) for row in rows(_COLUMNS))
    indexes = _by_table(_IndexPart(*row) for row in rows(_INDEXES))
    foreign_keys = _by_table(_KeyPart(*row) for row in rows(_FOREIGN_KEYS))
    keys = {name: _primary_key(entries) for name, entries in columns.items()}
    found = {}
    for name, is_table, sql in rows(_OBJECTS):
        checks = check_names(sql)
        found[schema, name] = FoundTable(
            schema,
            name,
            is_view=not is_table,
            columns={column.name: _column(column) for column in columns[name]},
            primary_key=keys.get(name, ()),
            indexes=_indexes(indexes[name]),
            foreign_keys=_foreign_keys(foreign_keys[name], schema, keys),
            check_names=frozenset(known for known in checks if known is not None),
            checks=len(checks),
        )
    return found


def _by_table(rows: Iterable[_Row]) -> Mapping[str, list[_Row]]:
    grouped: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        grouped[row.table].append(row)
    return grouped


def _primary_key(rows: Sequence[_Column]) -> tuple[str, ...]:
    return tuple(row.name for row in sorted(rows, key=lambda row: row.key) if row.key)


def _column(row: _Column) -> FoundColumn:
    # 2 is a virtual generated column, 3 a stored one.
    filled = row.default is not None or row.hidden in {2, 3}
    return FoundColumn(row.name, row.type or "", nullable=not row.required, filled=filled)


def _indexes(rows: Sequence[_IndexPart]) -> tuple[FoundIndex, ...]:
    parts = defaultdict(list)
    for row in rows:
        parts[row.name].append(row)
    return tuple(
        FoundIndex(
            name,
            tuple(row.column if row.number >= 0 else None for row in entries),
            unique=bool(entries[0].is_unique),
            partial=bool(entries[0].partial),
            bound=entries[0].origin != "c",
        )
        for name, entries in parts.items()
    )


def _foreign_keys(
    rows: Sequence[_KeyPart], schema: str | None, keys: Mapping[str, tuple[str, ...]]
) -> tuple[FoundForeignKey, ...]:
    # Names are case-insensitive, and REFERENCES without columns means the primary key.
    primary = {name.lower(): key for name, key in keys.items()}
    parts = defaultdict(list)
    for row in rows:
        parts[row.id].append(row)
    found = []
    for entries in parts.values():
        implied = (*primary.get(entries[0].remote.lower(), ()), *(None for _ in entries))
        pairs = frozenset(
            (row.local, row.column if row.column is not None else implied[place])
            for place, row in enumerate(entries)
        )
        found.append(FoundForeignKey("", pairs, (schema, entries[0].remote), entries[0].on_delete.upper()))
    return tuple(found)


def check_names(sql: str) -> list[str | None]:
    """The names of the checks in a CREATE TABLE statement, in order; None for a check without a name."""
    found = [match for match in _CHECK.finditer(sql) if match["check"]]
    return [None if match["name"] is None else _unquoted(match["name"]) for match in found]


def _unquoted(name: str) -> str:
    if name[0] not in "'\"`[":
        return name
    return name[1:-1].replace(name[0] * 2, name[0])
