"""Inserts rows with PostgreSQL's COPY, if that stores exactly what INSERT would.

The text format: https://www.postgresql.org/docs/current/sql-copy.html
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import date, datetime, time
from decimal import Decimal
from io import StringIO
from typing import TypeAlias, cast

from sqlalchemy import Column, Connection, Table, bindparam

from initdb.steps.seeds.row_values import Value

FEWEST = 100
"""With fewer rows, INSERT is as fast."""

_DRIVERS = ("psycopg2", "psycopg")

_Text: TypeAlias = Callable[[Value], str]
"""Writes a value of one type."""


ESCAPES = str.maketrans(
    {"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\b": r"\b", "\f": r"\f", "\v": r"\v"}
)
"""What the server writes for these in a text."""

TEXTS: Mapping[type, _Text] = {
    type(None): lambda value: r"\N",
    str: lambda value: value.translate(ESCAPES),
    bool: lambda value: "t" if value else "f",
    int: str,
    float: repr,
    Decimal: str,
    uuid.UUID: str,
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    bytes: lambda value: rf"\\x{value.hex()}",
}


def copy_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> bool:
    """Insert rows with one COPY.

    Args:
        connection: In a transaction.
        table: The table to insert into.
        rows: By column key. All have the same columns.

    Returns:
        Whether this was done. If not, the caller must INSERT: the driver is not of psycopg, the rows are few,
        SQLAlchemy would add a default or an SQL expression, or a value has no text form here.

    Raises:
        Exception: The driver's own.
    """
    dialect = connection.dialect
    if dialect.driver not in _DRIVERS or len(rows) < FEWEST:
        return False
    columns = [table.columns[name] for name in rows[0]]
    if not is_plain(table, columns):
        return False
    processors = [_processor(connection, column) for column in columns]
    lines = []
    for row in rows:
        values = [process(row[column.key]) for column, process in zip(columns, processors, strict=True)]
        if any(type(value) not in TEXTS for value in values):
            return False
        lines.append("\t".join(TEXTS[type(value)](value) for value in values) + "\n")
    preparer = dialect.identifier_preparer
    names = ", ".join(preparer.format_column(column) for column in columns)
    copy_in(connection, f"COPY {preparer.format_table(table)} ({names}) FROM STDIN", "".join(lines))
    return True


def copy_in(connection: Connection, statement: str, lines: str) -> int:
    """Run a COPY … FROM STDIN.

    Args:
        connection: In a transaction, of psycopg2 or psycopg.
        statement: The statement.
        lines: What is sent.

    Returns:
        How many rows were stored.

    Raises:
        Exception: The driver's own.
    """
    with closing(cast(Value, connection.connection.cursor())) as cursor:
        if connection.dialect.driver == "psycopg2":
            cursor.copy_expert(statement, StringIO(lines))
        else:
            with cursor.copy(statement) as copy:
                copy.write(lines)
        return int(cursor.rowcount)


def copy_out(connection: Connection, statement: str) -> set[str]:
    """Run a COPY … TO STDOUT, and give its lines, each once. The arguments are as for `copy_in`."""
    with closing(cast(Value, connection.connection.cursor())) as cursor:
        if connection.dialect.driver == "psycopg2":
            found = StringIO()
            cursor.copy_expert(statement, found)
            return set(found.getvalue().split("\n"))
        with cursor.copy(statement) as copy:
            return set(b"".join(copy).decode().split("\n"))


def is_plain(table: Table, columns: Sequence[Column[object]]) -> bool:
    """Whether rows can be stored without SQLAlchemy: it would add no default and no SQL expression.

    Args:
        table: Their table.
        columns: The columns that the rows have.
    """
    defaults = any(column.default is not None and column not in columns for column in table.columns)
    made_by_sql = any(
        column.computed is not None
        or (column.identity is not None and column.identity.always)
        or column.type.bind_expression(bindparam("value")) is not None
        for column in columns
    )
    return not defaults and not made_by_sql


def _processor(connection: Connection, column: Column[object]) -> Callable[[object], object]:
    process = column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)

    def processed(value: object) -> object:
        # psycopg2 would wrap bytes in an object without a text form.
        return value if process is None or type(value) is bytes else process(value)

    return processed
