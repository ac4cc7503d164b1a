"""Creates the schema that models describe, in an empty database or in one where it was begun."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, MetaData

from initdb.errors import InitError
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.ddl.make_tables import make_tables
from initdb.steps.drift import Issue, compare
from initdb.steps.drift.wanted import model_tables, table_key
from initdb.steps.repairs.performing import perform
from initdb.steps.repairs.planning import plan_for

_ANOTHER_TABLE = {"missing-column", "missing-primary-key", "primary-key-differs", "type-differs"}


@dataclass(frozen=True, slots=True)
class Created:
    """What was made, by name, and a sentence for each thing that the schema stands without."""

    tables: tuple[str, ...]
    indexes: tuple[str, ...]
    warnings: tuple[str, ...]


def create(connection: Connection, metadata: MetaData, *, ignore: Collection[str] = ()) -> Created:
    """Make every table of the models that is not there, and what the others lack in indexes and constraints.

    Tables that `ignore` names, or that say `info={"is_view": True}`, are left alone. Indexes that are not
    unique and foreign keys that close a circle run each in a SAVEPOINT: one that is refused is a warning.
    Begins and commits nothing. Raises InitError("conflicting-object") where a table's name is taken by
    another kind of object or by a table that is not this one; whatever else the database refuses is raised
    as SQLAlchemy's error.
    """
    tables = model_tables(metadata, ignore)
    conflicts = catalogue_of(connection).in_the_way([table_key(connection, table) for table in tables])
    if conflicts:
        raise InitError("conflicting-object", *conflicts, database=connection.dialect.name)
    issues = compare(connection, metadata, ignore=ignore)
    absent = {issue.table for issue in issues if issue.kind == "missing-table"}
    _refuse_other_tables(connection, issues)
    made = make_tables(connection, metadata, [table for table in tables if table.key in absent])
    # What is left belongs to tables that were there before.
    rest = perform(
        connection, plan_for([i for i in issues if i.table not in absent], metadata, connection), metadata
    )
    indexes = [action.name for action in rest.done if action.kind == "create-index"]
    refused = [f"{action.text} was refused: {failure}" for action, failure in rest.refused]
    return Created(tuple(made.tables), (*made.indexes, *indexes), (*made.warnings, *refused))


def _refuse_other_tables(connection: Connection, issues: Collection[Issue]) -> None:
    others = [issue for issue in issues if issue.kind in _ANOTHER_TABLE and issue.is_defect]
    others += [issue for issue in issues if issue.kind == "conflicting-object"]
    if others:
        raise InitError(
            "conflicting-object", *(issue.text for issue in others), database=connection.dialect.name
        )
