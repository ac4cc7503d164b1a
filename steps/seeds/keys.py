"""The natural key of a table: the columns by which a seed's row is recognized in the database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Column, Table, UniqueConstraint

from initdb.errors import InitError
from initdb.nearest import did_you_mean
from initdb.steps.seeds.tables import columns_of

Key = tuple[str, ...]


def natural_key(table: Table, given: Sequence[str] = (), columns: Collection[str] | None = None) -> Key:
    """The names of the key's columns.

    given: the key that the source states. columns: those that its rows have (None: not known, all may be
        there). Without a given key it is the table's unique constraint, or its unique index on whole columns
        and all rows, that has no column numbered by the database; of several the rows can fill: the one that
        may not be NULL, of fewest columns, of the foremost ones. Else the primary key, where the database
        does not number it.

    Raises InitError seed-key-missing with the candidates, seed-column-unknown, seed-column-missing for a
    given key.
    """
    named = columns_of(table)
    if given:
        return tuple(_given(table, name, columns) for name in given)
    candidates = [key for key in _candidates(table) if key]
    for key in candidates:
        if columns is None or all(column.name in columns or column.key in columns for column in key):
            return tuple(column.name for column in key)
    found = [", ".join(column.name for column in key) for key in candidates]
    if found:
        said = f"the rows have none of its candidates whole: {'; '.join(f'({names})' for names in found)}"
    else:
        said = f"it has no unique constraint beside its numbered key, among its columns {', '.join(named)}"
    raise InitError("seed-key-missing", f"{table.fullname}: {said}")


def _given(table: Table, name: str, columns: Collection[str] | None) -> str:
    named = columns_of(table)
    if name not in named:
        said = f"the key of {table.fullname}: there is no column {name}{did_you_mean(name, named)}"
        raise InitError("seed-column-unknown", said)
    column = named[name]
    if columns is not None and not {column.name, column.key} & set(columns):
        raise InitError("seed-column-missing", f"the key of {table.fullname}: the rows have no column {name}")
    return column.name


def _candidates(table: Table) -> Iterator[tuple[Column[object], ...]]:
    """Every natural key of the table, the best one first, the primary key last."""
    numbered = table.autoincrement_column
    unique = sorted(_unique(table), key=lambda key: _rank(table, key))
    for key in (*unique, tuple(table.primary_key.columns)):
        if not any(column is numbered for column in key):
            yield key


def _unique(table: Table) -> Iterator[tuple[Column[object], ...]]:
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield tuple(constraint.columns)
    for index in table.indexes:
        partial = any(
            index.dialect_options[name].get("where") is not None for name in ("sqlite", "postgresql")
        )
        columns = tuple(item for item in index.expressions if isinstance(item, Column))
        if index.unique and not partial and len(columns) == len(index.expressions):
            yield columns


def _rank(table: Table, key: tuple[Column[object], ...]) -> tuple[bool, int, list[int]]:
    order = list(table.columns)
    return (any(column.nullable for column in key), len(key), [order.index(column) for column in key])
