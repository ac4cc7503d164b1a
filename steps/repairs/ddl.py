"""Writes the statements that create a table or add something to it, as text for one database."""

from __future__ import annotations

from sqlalchemy import Column, Connection, Constraint, Index, Table
from sqlalchemy.schema import CreateIndex, CreateTable

from initdb.steps.drift.wanted import WantedTable, ddl_compiler


def create_table(connection: Connection, want: WantedTable) -> tuple[str, ...]:
    """CREATE TABLE, with the constraints, and CREATE INDEX for each index."""
    table = str(CreateTable(want.item).compile(dialect=connection.dialect)).strip()
    return (table, *(create_index(connection, index.item) for index in want.indexes))


def create_index(connection: Connection, index: Index) -> str:
    """CREATE INDEX."""
    return str(CreateIndex(index).compile(dialect=connection.dialect)).strip()


def create_unique_index(connection: Connection, name: str, table: Table, columns: tuple[str, ...]) -> str:
    """CREATE UNIQUE INDEX, in the place of a unique constraint that cannot be added."""
    quote = connection.dialect.identifier_preparer.quote
    listed = ", ".join(quote(column) for column in columns)
    return f"CREATE UNIQUE INDEX {quote(name)} ON {table_name(connection, table)} ({listed})"


def add_constraint(connection: Connection, table: Table, constraint: Constraint) -> str:
    """ALTER TABLE … ADD, for a constraint of a table or of a column, with or without a name."""
    clause = str(ddl_compiler(connection.dialect).process(constraint)).strip()
    return f"ALTER TABLE {table_name(connection, table)} ADD {clause}"


def add_column(connection: Connection, column: Column[object], *clauses: str) -> str:
    """ALTER TABLE … ADD COLUMN, with the column's default and NOT NULL, and the given clauses."""
    specification = ddl_compiler(connection.dialect).get_column_specification(column)
    return " ".join(
        (f"ALTER TABLE {table_name(connection, column.table)} ADD COLUMN {specification}", *clauses)
    )


def table_name(connection: Connection, table: Table) -> str:
    """The table's name, quoted if necessary, with its schema if it has one."""
    return connection.dialect.identifier_preparer.format_table(table)
