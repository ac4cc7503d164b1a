"""Creates the schema that the models describe, in an empty database or in one that has a part of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, Dialect, MetaData
from sqlalchemy.schema import CreateSchema

from initdb.errors import InitError
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.ddl.make_tables import make_tables
from initdb.steps.drift import Issue, compare
from initdb.steps.drift.wanted import model_tables, table_key
from initdb.steps.effects.paper import Paper
from initdb.steps.repairs.performing import perform
from initdb.steps.repairs.planning import plan_for

_ANOTHER_TABLE = {"missing-column", "missing-primary-key", "primary-key-differs", "type-differs"}


@dataclass(frozen=True, slots=True)
class Created:
    """What was created, by name, and one sentence for each thing that the schema now lacks."""

    tables: tuple[str, ...]
    indexes: tuple[str, ...]
    warnings: tuple[str, ...]


def create(connection: Connection, metadata: MetaData, *, ignore: Collection[str] = ()) -> Created:
    """Create every missing table of the models, and the indexes and constraints that other tables lack.

    An index that is not unique, and a foreign key that closes a cycle of tables, are created in a SAVEPOINT.
    If the database refuses one, that is a warning.

    Args:
        connection: In a transaction, which is neither begun nor ended here.
        metadata: The models. Tables with `info={"is_view": True}` are left alone.
        ignore: Tables that are left alone too, as `name` or `schema.name`.

    Raises:
        InitError: `conflicting-object`, if another kind of object, or another table, has a table's name.
        SQLAlchemyError: The database refuses anything else.
    """
    issues = missing_in(connection, metadata, ignore=ignore)
    absent = {issue.table for issue in issues if issue.kind == "missing-table"}
    tables = model_tables(metadata, ignore)
    made = make_tables(connection, metadata, [table for table in tables if table.key in absent])
    # The other issues are about tables that existed before.
    rest = perform(
        connection, plan_for([i for i in issues if i.table not in absent], metadata, connection), metadata
    )
    indexes = [action.name for action in rest.done if action.kind == "create-index"]
    refused = [f"{action.text} was refused: {failure}" for action, failure in rest.refused]
    return Created(tuple(made.tables), (*made.indexes, *indexes), (*made.warnings, *refused))


def print_schema(metadata: MetaData, dialect: Dialect, *, ignore: Collection[str] = ()) -> tuple[str, ...]:
    """The statements that create the models' tables in an empty database. Nothing is sent.

    Args:
        metadata: The models.
        dialect: Of the database.
        ignore: As for `create`.
    """
    written: list[str] = []
    tables = model_tables(metadata, ignore)
    paper = Paper(dialect, lambda text: written.append(text.strip()))
    if dialect.name == "postgresql":
        for schema in sorted({table.schema for table in tables if table.schema}):
            paper.put(CreateSchema(schema, if_not_exists=True))
    metadata.create_all(paper, tables=tables, checkfirst=False)
    return tuple(written)


def missing_in(
    connection: Connection, metadata: MetaData, *, ignore: Collection[str] = ()
) -> tuple[Issue, ...]:
    """What the database lacks of the models, if nothing else is in its place. Nothing is written.

    Args:
        connection: In a transaction.
        metadata: The models.
        ignore: As for `create`.

    Raises:
        InitError: `conflicting-object`.
    """
    keys = [table_key(connection, table) for table in model_tables(metadata, ignore)]
    conflicts = catalogue_of(connection).in_the_way(keys)
    if conflicts:
        raise InitError("conflicting-object", *conflicts, database=connection.dialect.name)
    issues = compare(connection, metadata, ignore=ignore)
    _refuse_other_tables(connection, issues)
    return tuple(issues)


def _refuse_other_tables(connection: Connection, issues: Collection[Issue]) -> None:
    others = [issue for issue in issues if issue.kind in _ANOTHER_TABLE and issue.is_defect]
    others += [issue for issue in issues if issue.kind == "conflicting-object"]
    if others:
        raise InitError(
            "conflicting-object", *(issue.text for issue in others), database=connection.dialect.name
        )
