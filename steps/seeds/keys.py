"""The natural key of a table: the columns that identify a seed's row in the database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Column, Table, UniqueConstraint

from initdb.errors import InitError
from initdb.nearest import did_you_mean
from initdb.steps.seeds.tables import columns_of

Key = tuple[str, ...]


def natural_key(table: Table, given: Sequence[str] = (), columns: Collection[str] | None = None) -> Key:
    """Choose the columns of a table's natural key.

    A key that the source gives comes first. Otherwise the candidates are the table's unique constraints, and
    its unique indexes on whole columns and all rows, without a column that the database numbers. Among those
    that the rows can fill, a key that cannot be NULL comes first, then one of fewer columns, then one of
    columns further to the left. The last candidate is the primary key, if the database does not number it.

    Args:
        table: The table that the rows are for.
        given: The key that the source gives; empty if it gives none.
        columns: The columns that the rows have; None if they are not known and all may be there.

    Returns:
        The names of the columns.

    Raises:
        InitError: `seed-key-missing`, with the candidates. For a given key `seed-column-unknown` and
            `seed-column-missing`.
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
    """Every natural key of the table, the best first and the primary key last."""
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
