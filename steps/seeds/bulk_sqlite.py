"""Stores many rows at once in SQLite: as tuples of what the driver sends."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from operator import eq, itemgetter
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

_LOOKED_UP = 300
"""How many rows are looked up at once: with those that are found, fewer than Python's collector waits for."""

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
            f"SELECT {listed} FROM {name} WHERE ({keys})",  # noqa: S608  # nosec B608
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
        """By their keys, some hundred at once."""
        allowed = driver(self.connection).getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
        size = max(1, min(_LOOKED_UP, allowed // len(self.key)))
        return [
            found for at in range(0, len(columns[0]), size) for found in self._some(columns, at, at + size)
        ]

    def _some(self, columns: Columns, first: int, end: int) -> Iterator[bool]:
        rows = list(zip(*(column[first:end] for column in columns), strict=True))
        of_row = itemgetter(*self.key)
        keys = list(map(of_row, rows))
        stored = self._in_range(keys)
        if stored is None:
            stored = self._with_keys(keys)
        return map(eq, map(dict(zip(map(of_row, stored), stored, strict=True)).get, keys), rows)

    def _in_range(self, keys: list[Value]) -> list[tuple[Value, ...]] | None:
        """The rows from the least key to the greatest; None if they may be many more."""
        if set(map(type, keys)) != {int}:
            return None
        found = self._fetched(f"{self.query} BETWEEN ? AND ? LIMIT ?", (min(keys), max(keys), 2 * len(keys)))
        return found if len(found) < 2 * len(keys) else None

    def _with_keys(self, keys: list[Value]) -> list[tuple[Value, ...]]:
        one = f"({', '.join('?' * len(self.key))})"
        values = keys if len(self.key) == 1 else [value for key in keys for value in key]
        return self._fetched(f"{self.query} IN (VALUES {', '.join([one] * len(keys))})", values)

    def _fetched(self, query: str, values: Sequence[Value]) -> list[tuple[Value, ...]]:
        """The rows as tuples, whatever the application lets its driver make of rows."""
        with closing(driver(self.connection).cursor()) as cursor:
            cursor.row_factory = None
            found: list[tuple[Value, ...]] = cursor.execute(query, values).fetchall()
            return found


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
