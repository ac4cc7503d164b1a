"""Finds the table and the columns that a seed names, among the models or in the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Column, Connection, MetaData, Table
from sqlalchemy.exc import NoSuchTableError

from initdb.errors import InitError
from initdb.nearest import did_you_mean
from initdb.steps.seeds.model import SeedSource


def table_of(source: SeedSource, metadata: MetaData) -> Table:
    """The models' table that a source fills, by its full name, or without a schema if only one has that name.

    Args:
        source: The source.
        metadata: The models.

    Raises:
        InitError: `seed-table-unknown`.
    """
    name = _named(source)
    if name in metadata.tables:
        return metadata.tables[name]
    bare = [table for table in metadata.tables.values() if table.name == name]
    if len(bare) == 1:
        return bare[0]
    if bare:
        found = ", ".join(sorted(table.fullname for table in bare))
        raise InitError(
            "seed-table-unknown", f"{source.name}: {name} is in several schemas ({found}): name one"
        )
    raise InitError(
        "seed-table-unknown",
        f"{source.name}: the models have no table {name}{did_you_mean(name, metadata.tables)}",
    )


def stored_table(source: SeedSource, connection: Connection) -> Table:
    """The database's table that a source fills.

    Args:
        source: The source.
        connection: To the database.

    Raises:
        InitError: `seed-table-unknown`.
    """
    schema, _, bare = _named(source).rpartition(".")
    try:
        return Table(bare, MetaData(), schema=schema or None, autoload_with=connection)
    except NoSuchTableError as error:
        raise InitError(
            "seed-table-unknown", f"{source.name}: the database has no table {source.table}"
        ) from error


def columns_of(table: Table) -> Mapping[str, Column[object]]:
    """The table's columns by name, and also by key if the models use another one."""
    by_key: dict[str, Column[object]] = {column.key: column for column in table.columns}
    return {**by_key, **{column.name: column for column in table.columns}}


def is_optional(column: Column[object]) -> bool:
    """Whether a row may leave the column out: it may be NULL, has a default, or the database numbers it."""
    return bool(
        column.nullable
        or column.default is not None
        or column.server_default is not None
        or column.computed is not None
        or column.identity is not None
        or column is column.table.autoincrement_column
    )


def _named(source: SeedSource) -> str:
    if source.table is None:
        raise InitError("seed-table-unknown", f"{source.name}: it names no table that its rows are for")
    return source.table


def refuse_unknown(place: str, names: Iterable[str], table: Table) -> None:
    """Refuse a name that no column of a table has.

    Args:
        place: Where the names are, for people.
        names: Of columns.
        table: The table.

    Raises:
        InitError: `seed-column-unknown`.
    """
    columns = columns_of(table)
    unknown = next((name for name in names if name not in columns), None)
    if unknown is not None:
        said = f"{place}: {table.fullname} has no column {unknown}{did_you_mean(unknown, columns)}"
        raise InitError("seed-column-unknown", said)
