"""Creates the models' tables as `MetaData.create_all` does, but goes on if the database refuses an index."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import ARRAY, Column, Connection, ForeignKeyConstraint, Index, MetaData, Table, inspect
from sqlalchemy.dialects.postgresql import DOMAIN, ENUM
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateSchema, sort_tables_and_constraints
from sqlalchemy.sql.ddl import SchemaGenerator

from initdb.errors.driver import driver_error
from initdb.steps.catalog.sql_types import concrete
from initdb.steps.transactions.savepoints import attempt, reason, savepoint


@dataclass(slots=True)
class Made:
    """What was created, by name, and one sentence for each thing that was refused."""

    tables: list[str] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def make_tables(connection: Connection, metadata: MetaData, tables: Collection[Table]) -> Made:
    """Create the missing tables in the order of their dependencies, with sequences, types and DDL events.

    An index that is not unique, and a foreign key that closes a cycle of tables, are created in a SAVEPOINT.
    If the database refuses one, that is a warning. If a table names a missing schema of PostgreSQL, the
    schema is created too.

    Args:
        connection: In a transaction, which is neither begun nor ended here.
        metadata: The models; their listeners are called.
        tables: Tables of `metadata`.

    Raises:
        SQLAlchemyError: The database refuses anything else.
    """
    try:
        with savepoint(connection):
            return _make(connection, metadata, tables)
    except SQLAlchemyError as error:
        # Listeners of the application may create schemas themselves, and fail if one exists. They run first.
        missing = _missing_schemas(connection, tables) if _is_missing_schema(error) else ()
        if not missing:
            raise
    for schema in missing:
        connection.execute(CreateSchema(schema))
    return _make(connection, metadata, tables)


def _make(connection: Connection, metadata: MetaData, tables: Collection[Table]) -> Made:
    made = Made()
    work = _Generator(connection, tables, made)
    work.traverse_single(metadata)
    return made


def _is_missing_schema(error: SQLAlchemyError) -> bool:
    found = driver_error(error)
    return found is not None and found.sqlstate == "3F000"


def _missing_schemas(connection: Connection, tables: Collection[Table]) -> list[str]:
    named = {schema for table in tables if (schema := connection.schema_for_object(table))}
    return sorted(named - set(inspect(connection).get_schema_names()))


class _Generator(SchemaGenerator):
    """SQLAlchemy's own visitor: DDL events, `ddl_if`, sequences and enumerated types work as usual."""

    def __init__(self, connection: Connection, tables: Collection[Table], made: Made) -> None:
        super().__init__(connection.dialect, connection, checkfirst=True, tables=list(tables))  # type: ignore[no-untyped-call]
        self.made = made

    def visit_table(self, table: Table, *args: object, **options: object) -> None:
        super().visit_table(table, *args, **options)  # type: ignore[no-untyped-call]
        self.made.tables.append(table.key)

    def visit_index(self, index: Index, create_ok: bool = False) -> None:
        def act() -> None:
            super(_Generator, self).visit_index(index, create_ok=create_ok)  # type: ignore[no-untyped-call]

        name = f"{index.name} on {index.table.key if index.table is not None else ''}"
        if index.unique:
            act()
        elif not self._attempt(act, "index", name):
            return
        self.made.indexes.append(str(index.name))

    def visit_foreign_key_constraint(self, constraint: ForeignKeyConstraint) -> None:
        def act() -> None:
            super(_Generator, self).visit_foreign_key_constraint(constraint)  # type: ignore[no-untyped-call]

        self._attempt(act, "constraint", f"{constraint.name} of {constraint.table.key}")

    def _attempt(self, act: Callable[[], None], doing: Literal["index", "constraint"], name: str) -> bool:
        failure = attempt(self.connection, act, doing)
        if failure is not None:
            self.made.warnings.append(f"{name} was not made: {reason(failure)}")
        return failure is None


def in_order(metadata: MetaData) -> list[str]:
    """The keys of all tables. A table comes after those that it refers to, unless they form a cycle."""
    tables = sorted(metadata.tables.values(), key=lambda table: table.key)
    return [table.key for table, _ in sort_tables_and_constraints(tables) if table is not None]  # type: ignore[no-untyped-call]


def make_types(connection: Connection, column: Column[object]) -> None:
    """Create a column's enumerated type or domain, if the database has such types and lacks this one."""
    kind = concrete(column.type, connection.dialect)
    if isinstance(kind, ARRAY):
        kind = concrete(kind.item_type, connection.dialect)
    if isinstance(kind, ENUM | DOMAIN) and kind.create_type:
        kind.create(connection, checkfirst=True)
