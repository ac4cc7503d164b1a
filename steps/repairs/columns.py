"""Finds out which missing columns can be added without inventing a value, and how."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    literal_column,
    select,
)

from initdb.steps.catalog.issue import Issue
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.drift.wanted import WantedTable, ddl_compiler
from initdb.steps.repairs import ddl
from initdb.steps.repairs.action import Action


def column_action(
    issue: Issue, want: WantedTable, column: Column[object], connection: Connection
) -> Action | Issue:
    """The action that adds the column. If only a person knows the values, it is the issue, with advice.

    Args:
        issue: The missing column.
        want: Its table in the models.
        column: The column in the models.
        connection: To see whether the table is empty.
    """
    advice = _refusal(column, connection)
    if advice is not None:
        return replace(issue, suggestion=advice)
    clauses = [clause for _, clause in inline(want, column, connection)]
    statement = ddl.add_column(connection, column, *clauses)
    return Action(
        "add-column",
        want.item.key,
        column.name,
        f"add column {want.item.key}.{column.name}",
        (statement,),
        issue,
    )


def inline(want: WantedTable, column: Column[object], connection: Connection) -> Iterator[tuple[str, str]]:
    """The name and the clause of each constraint that must come with the column, as it cannot be added later.

    Args:
        want: The column's table in the models.
        column: The column in the models.
        connection: To the database.
    """
    if catalogue_of(connection).adds_constraints:
        return
    compiler = ddl_compiler(connection.dialect)
    for key in want.foreign_keys:
        if [local for local, _ in key.pairs] == [column.name]:
            clause = str(compiler.process(key.item)).strip()
            yield key.name, re.sub(r"FOREIGN KEY\s*\(.*?\) REFERENCES", "REFERENCES", clause)
    for check in want.checks:
        if check.columns == {column.name}:
            yield check.name, str(compiler.process(check.item)).strip()


def _refusal(column: Column[object], connection: Connection) -> str | None:
    name = f"{column.table.key}.{column.name}"
    if column.primary_key:
        return (
            f"{name} belongs to the primary key: rebuild the table in a revision, giving every row its key."
        )
    default = ddl_compiler(connection.dialect).get_column_default_string(column)
    if catalogue_of(connection).fills(column, default) or _is_empty(column, connection):
        return None
    return _by_hand(column, connection)


def _is_empty(column: Column[object], connection: Connection) -> bool:
    return connection.scalar(select(literal_column("1", Integer)).select_from(column.table).limit(1)) is None


def _by_hand(column: Column[object], connection: Connection) -> str:
    table = ddl.table_name(connection, column.table)
    name = connection.dialect.identifier_preparer.format_column(column)
    kind = connection.dialect.type_compiler_instance.process(column.type)
    return f"Its rows need a value that only you know: {catalogue_of(connection).by_hand(table, name, kind)}"
