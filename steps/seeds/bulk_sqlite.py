"""Stores many rows at once in SQLite: as tuples of what the driver sends."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Self

from sqlalchemy import Column, Connection, Table
from sqlalchemy.types import TypeEngine

from initdb.events.statements import driver
from initdb.steps.seeds.patterns import (
    UUIDS,
    Given,
    all_match,
    apart,
    as_they_are,
    days,
    moments,
    whole_numbers,
)
from initdb.steps.seeds.row_values import Columns, Value
from initdb.steps.seeds.typed import Shortcuts, Typed, typed

_VARIABLES = 5000
"""Bound values in one query, if SQLite allows so many."""

_PIECE = 500
"""How many rows are inserted at once. So few at a time, Python's collector need not walk through them."""

_UNIQUE = """
SELECT group_concat(name, char(10)) FROM
    (SELECT l.name AS list, i.name AS name FROM pragma_index_list(?) AS l, pragma_index_info(l.name) AS i
     WHERE l."unique" AND NOT l.partial ORDER BY l.name, i.seqno)
GROUP BY list
UNION ALL SELECT group_concat(name, char(10)) FROM pragma_table_info(?) WHERE pk
"""
"""The columns of each unique index on all rows, and those of the primary key."""


@dataclass(frozen=True, slots=True)
class OnSQLite:
    """Stores rows of certain columns in a table."""

    connection: Connection
    columns: tuple[Typed, ...]
    statement: str
    query: str
    key: tuple[int, ...]

    @classmethod
    def of(
        cls,
        connection: Connection,
        table: Table,
        key: Sequence[Column[object]],
        columns: Sequence[Column[object]],
        *,
        text: bool,
    ) -> Self | None:
        """What stores rows of these columns; None if the database does not keep the key unique."""
        if table.schema is not None or not _is_unique(connection, table, key):
            return None
        preparer = connection.dialect.identifier_preparer
        name = preparer.format_table(table)
        listed = ", ".join(map(preparer.format_column, columns))
        keys = ", ".join(map(preparer.format_column, key))
        values = ", ".join("?" * len(columns))
        given = [column.name for column in columns]
        how = tuple(typed(one, connection.dialect, _SHORTCUTS, _sent, text=text) for one in columns)
        return cls(
            connection,
            how,
            f"INSERT INTO {name} ({listed}) VALUES ({values}) ON CONFLICT ({keys}) DO NOTHING",  # noqa: S608 (quoted names)  # nosec B608
            f"SELECT {listed} FROM {name} WHERE ({keys}) IN (VALUES ",  # noqa: S608  # nosec B608
            tuple(given.index(column.name) for column in key),
        )

    def encode(self, columns: Columns) -> Columns:
        """As the driver takes them."""
        return [how(values) for how, values in zip(self.columns, columns, strict=True)]

    def insert(self, columns: Columns) -> bool:
        """Insert the rows; those whose key exists are left out."""
        rows = zip(*columns, strict=True)
        while piece := list(islice(rows, _PIECE)):
            if self.connection.exec_driver_sql(self.statement, piece).rowcount != len(piece):
                return False
        return True

    def present(self, columns: Columns) -> list[bool]:
        """By their keys, some thousand at once."""
        keys = list(zip(*(columns[at] for at in self.key), strict=True))
        found = {row for chunk in self._chunks(keys) for row in self._found(chunk)}
        return [row in found for row in zip(*columns, strict=True)]

    def _chunks(self, keys: list[tuple[Value, ...]]) -> Iterator[list[tuple[Value, ...]]]:
        allowed = driver(self.connection).getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
        size = max(1, min(_VARIABLES, allowed) // len(self.key))
        for at in range(0, len(keys), size):
            yield keys[at : at + size]

    def _found(self, keys: list[tuple[Value, ...]]) -> Iterator[tuple[Value, ...]]:
        one = f"({', '.join('?' * len(self.key))})"
        query = f"{self.query}{', '.join([one] * len(keys))})"
        values = tuple(value for key in keys for value in key)
        return map(tuple, self.connection.exec_driver_sql(query, values))


def _is_unique(connection: Connection, table: Table, key: Sequence[Column[object]]) -> bool:
    rows = connection.exec_driver_sql(_UNIQUE, (table.name, table.name))
    return {column.name for column in key} in [set((row[0] or "").split("\n")) for row in rows]


def _sent(value: Value) -> Value:
    hash(value)
    return value


def _integers(values: Given, kind: TypeEngine[Value]) -> Given | None:
    return list(map(int, values)) if whole_numbers(values) else None


def _floats(values: Given, kind: TypeEngine[Value]) -> Given | None:
    return list(map(float, values))


def _moments(values: Given, kind: TypeEngine[Value]) -> Given | None:
    joined = moments(values)
    return None if joined is None else apart(joined.replace("\n", ".000000\n"))


def _uuids(values: Given, kind: TypeEngine[Value]) -> Given | None:
    joined = all_match(UUIDS, values)
    return None if joined is None else apart(joined.replace("-", ""))


_SHORTCUTS: Shortcuts = {
    ("string", str): as_they_are,
    ("integer", str): _integers,
    ("integer", int): as_they_are,
    ("decimal", str): _floats,
    ("decimal", float): as_they_are,
    ("decimal", int): _floats,
    ("float", str): _floats,
    ("float", float): as_they_are,
    ("float", int): _floats,
    ("day", str): days,
    ("moment", str): _moments,
    ("uuid", str): _uuids,
}
