"""Inserts rows that are known to be new, with COPY or INSERT, and moves sequences past them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from sqlalchemy import Connection, Table, insert, text
from sqlalchemy import Sequence as DatabaseSequence

from initdb.steps.seeds.copying import copy_rows
from initdb.steps.seeds.model import SeedRow

_ADVANCE = text(
    "SELECT pg_catalog.setval(s.name, :reached) FROM (SELECT CAST(coalesce("
    "pg_catalog.pg_get_serial_sequence(:table, :column), :sequence) AS pg_catalog.regclass) AS name) AS s "
    "WHERE s.name IS NOT NULL"
    " AND :reached OPERATOR(pg_catalog.>) coalesce(pg_catalog.pg_sequence_last_value(s.name), 0)"
)


def insert_rows(connection: Connection, table: Table, rows: Sequence[SeedRow]) -> None:
    """Insert the rows, in their order.

    Rows with different columns go into different statements, so that an omitted column gets its default. A
    sequence that numbers a column is moved past the numbers that the rows have.

    Args:
        connection: In a transaction.
        table: The table to insert into.
        rows: By column key.

    Raises:
        Exception: What the driver or a column's type raises.
    """
    for group in _alike(rows):
        if not copy_rows(connection, table, group):
            connection.execute(insert(table), [dict(row) for row in group])
    if connection.dialect.supports_sequences:
        _advance_past(connection, table, rows)


def _alike(rows: Iterable[SeedRow]) -> Iterator[list[SeedRow]]:
    """Groups of neighbouring rows that have the same columns."""
    for _, group in groupby(rows, key=frozenset):
        yield list(group)


def _advance_past(connection: Connection, table: Table, rows: Sequence[SeedRow]) -> None:
    column = table.autoincrement_column
    if column is not None:
        given = [value for row in rows if isinstance(value := row.get(column.key), int)]
        advance_sequence(connection, table, max(given, default=0))


def advance_sequence(connection: Connection, table: Table, reached: int) -> None:
    """Move the sequence that numbers a table's rows past a number, if it is not there yet.

    Args:
        connection: To PostgreSQL, in a transaction.
        table: The table.
        reached: The number.
    """
    column = table.autoincrement_column
    if column is None or reached <= 0:
        return
    preparer = connection.dialect.identifier_preparer
    own = column.default if isinstance(column.default, DatabaseSequence) else None
    values = {
        "reached": reached,
        "table": preparer.format_table(table),
        "column": column.name,
        "sequence": preparer.format_sequence(own) if own is not None else None,
    }
    connection.execute(_ADVANCE, values)
