"""Which missing columns can be added without an invented value, and how."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    literal_column,
    select,
)

from initdb.steps.catalog.issue import Issue
from initdb.steps.drift.wanted import WantedTable, ddl_compiler
from initdb.steps.repairs import ddl
from initdb.steps.repairs.action import Action

# SQLite adds a column to rows that are there only with a default that needs no evaluation.
_CONSTANT = re.compile(r"\(?\s*([-+]?[\d.]+|'([^']|'')*'|null|true|false)\s*\)?", re.IGNORECASE)


def column_action(
    issue: Issue, want: WantedTable, column: Column[Any], connection: Connection
) -> Action | Issue:
    """The action that adds the column, or the issue with advice where rows need a value nobody knows."""
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


def inline(want: WantedTable, column: Column[Any], connection: Connection) -> Iterator[tuple[str, str]]:
    """The constraints that come with the column, (name, clause) each: SQLite cannot add them later."""
    if connection.dialect.name != "sqlite":
        return
    compiler = ddl_compiler(connection.dialect)
    for key in want.foreign_keys:
        if [local for local, _ in key.pairs] == [column.name]:
            clause = str(compiler.process(key.item)).strip()
            yield key.name, re.sub(r"FOREIGN KEY\s*\(.*?\) REFERENCES", "REFERENCES", clause)
    for check in want.checks:
        if check.columns == {column.name}:
            yield check.name, str(compiler.process(check.item)).strip()


def _refusal(column: Column[Any], connection: Connection) -> str | None:
    name = f"{column.table.key}.{column.name}"
    if column.primary_key:
        return (
            f"{name} belongs to the primary key: rebuild the table in a revision, giving every row its key."
        )
    default = ddl_compiler(connection.dialect).get_column_default_string(column)
    sqlite = connection.dialect.name == "sqlite"
    generated = column.computed is not None or (column.identity is not None and not sqlite)
    if generated and not (sqlite and column.computed is not None and column.computed.persisted):
        return None
    if default is not None:
        usable = not sqlite or _CONSTANT.fullmatch(default) is not None
    else:
        usable = bool(column.nullable) and not generated
    if usable or _is_empty(column, connection):
        return None
    return _by_hand(column, connection)


def _is_empty(column: Column[Any], connection: Connection) -> bool:
    return connection.scalar(select(literal_column("1", Integer)).select_from(column.table).limit(1)) is None


def _by_hand(column: Column[Any], connection: Connection) -> str:
    table = ddl.table_name(connection, column.table)
    name = connection.dialect.identifier_preparer.format_column(column)
    kind = connection.dialect.type_compiler_instance.process(column.type)
    add = f"Its rows need a value that only you know: ALTER TABLE {table} ADD COLUMN {name} {kind}"
    if connection.dialect.name == "sqlite":
        return f"{add} NOT NULL DEFAULT <value>; or op.batch_alter_table in a revision."
    fill = f"UPDATE {table} SET {name} = <value>"  # noqa: S608 (advice)
    return f"{add}; {fill}; ALTER TABLE {table} ALTER COLUMN {name} SET NOT NULL;"
