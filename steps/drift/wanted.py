"""What the models require of a database, table by table, with the names that things have there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Constraint,
    Dialect,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Table,
    UniqueConstraint,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateIndex
from sqlalchemy.sql.compiler import DDLCompiler
from sqlalchemy.sql.ddl import CreateConstraint

from initdb.steps.catalog.found import Key
from initdb.steps.catalog.names import is_ignored


@dataclass(frozen=True, slots=True)
class WantedIndex:
    """One index. A column is None if it is an expression."""

    name: str
    columns: tuple[str | None, ...]
    unique: bool
    partial: bool
    item: Index


@dataclass(frozen=True, slots=True)
class WantedUnique:
    """One unique constraint. If it has no name, `name` lists its columns."""

    name: str
    columns: tuple[str, ...]
    item: UniqueConstraint


@dataclass(frozen=True, slots=True)
class WantedForeignKey:
    """One foreign key. If it has no name, `name` is its description."""

    name: str
    pairs: frozenset[tuple[str, str | None]]
    remote: Key
    on_delete: str
    item: ForeignKeyConstraint


@dataclass(frozen=True, slots=True)
class WantedCheck:
    """One check. If it has no name, `name` is its text. `columns` are those that it is known to concern."""

    name: str
    named: bool
    columns: frozenset[str]
    item: CheckConstraint


@dataclass(frozen=True, slots=True)
class WantedTable:
    """One table as the models describe it for one database."""

    key: Key
    item: Table
    indexes: tuple[WantedIndex, ...]
    uniques: tuple[WantedUnique, ...]
    foreign_keys: tuple[WantedForeignKey, ...]
    checks: tuple[WantedCheck, ...]

    @property
    def columns(self) -> tuple[Column[object], ...]:
        """The columns that are created; system columns such as `xmin` exist anyway."""
        return tuple(column for column in self.item.columns if not column.system)


def model_tables(metadata: MetaData, ignore: Collection[str]) -> tuple[Table, ...]:
    """The tables of the models, ordered by key, without ignored ones and views (`info={"is_view": True}`).

    Args:
        metadata: The models.
        ignore: As for `compare.compare`.
    """
    return tuple(
        table
        for _, table in sorted(metadata.tables.items())
        if not is_ignored(ignore, table.name, table.schema) and not table.info.get("is_view")
    )


def wanted(
    connection: Connection, metadata: MetaData, ignore: Collection[str] = ()
) -> tuple[WantedTable, ...]:
    """What the models require, ordered by the tables' keys.

    Args:
        connection: To the database, which decides on names and types.
        metadata: The models.
        ignore: As for `compare.compare`.
    """
    compiler = ddl_compiler(connection.dialect)
    return tuple(_table(table, connection, compiler) for table in model_tables(metadata, ignore))


def ddl_compiler(dialect: Dialect) -> DDLCompiler:
    """A compiler that renders parts of DDL: constraints, column definitions, names."""
    return dialect.ddl_compiler(dialect, None)  # type: ignore[arg-type]


def _table(table: Table, connection: Connection, compiler: DDLCompiler) -> WantedTable:
    made = [constraint for constraint in _constraints(table) if _is_made(constraint, compiler)]
    return WantedTable(
        table_key(connection, table),
        table,
        tuple(_indexes(table, compiler)),
        tuple(_uniques(made, compiler)),
        tuple(_foreign_keys(made, connection, compiler)),
        tuple(_checks(made, compiler)),
    )


def table_key(connection: Connection, table: Table) -> Key:
    """A table's schema, as the connection sees it (None: the default schema), and its name."""
    schema = connection.schema_for_object(table)
    return (None if schema == connection.dialect.default_schema_name else schema, table.name)


def _constraints(table: Table) -> list[Constraint]:
    own = [constraint for column in table.columns for constraint in column.constraints]
    return [*sorted(table.constraints, key=lambda c: c._creation_order), *own]


def _is_made(constraint: Constraint, compiler: DDLCompiler) -> bool:
    # This rule says whether the database needs the check of a Boolean, of an Enum, or of the application for
    # some databases only. A rule of create_all() itself only says that ALTER TABLE adds the constraint.
    rule = constraint._create_rule
    by_alter = getattr(rule, "__name__", getattr(rule, "name", None)) == "_create_rule_disable"
    if getattr(constraint, "_type_bound", False) or (rule is not None and not by_alter):
        return constraint._should_create_for_compiler(compiler)
    return constraint._ddl_if is None or constraint._ddl_if._should_execute(
        CreateConstraint(constraint), constraint, None, compiler=compiler
    )


def _name(item: Constraint | Index, compiler: DDLCompiler) -> str | None:
    if item.name is None:
        return None
    name = compiler.preparer.format_constraint(item, _alembic_quote=False)
    return None if name is None else str(name)


def _indexes(table: Table, compiler: DDLCompiler) -> Iterator[WantedIndex]:
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        if index._ddl_if is not None and not index._ddl_if._should_execute(
            CreateIndex(index), index, None, compiler=compiler
        ):
            continue
        options = index.dialect_options[compiler.dialect.name]
        yield WantedIndex(
            _name(index, compiler) or "",
            tuple(part.name if isinstance(part, Column) else None for part in index.expressions),
            bool(index.unique),
            options["where"] is not None,
            index,
        )


def _uniques(made: Collection[Constraint], compiler: DDLCompiler) -> Iterator[WantedUnique]:
    for item in made:
        if isinstance(item, UniqueConstraint):
            columns = tuple(column.name for column in item.columns)
            yield WantedUnique(_name(item, compiler) or f"({', '.join(columns)})", columns, item)


def _foreign_keys(
    made: Collection[Constraint], connection: Connection, compiler: DDLCompiler
) -> Iterator[WantedForeignKey]:
    for item in made:
        if not isinstance(item, ForeignKeyConstraint):
            continue
        try:
            if not compiler.process(item):
                continue
            remote = item.referred_table
            pairs = [(element.parent.name, element.column.name) for element in item.elements]
        except SQLAlchemyError:  # the foreign key refers to a table that these models do not have
            continue
        text = f"({', '.join(p[0] for p in pairs)}) -> {remote.fullname} ({', '.join(p[1] for p in pairs)})"
        yield WantedForeignKey(
            _name(item, compiler) or text,
            frozenset(pairs),
            table_key(connection, remote),
            str(item.ondelete or "NO ACTION").upper(),
            item,
        )


def _checks(made: Collection[Constraint], compiler: DDLCompiler) -> Iterator[WantedCheck]:
    for item in made:
        if isinstance(item, CheckConstraint):
            name = _name(item, compiler)
            parts = [item.parent] if isinstance(item.parent, Column) else item.columns
            columns = frozenset(str(column.name) for column in parts)
            yield WantedCheck(name or compiler.process(item).strip(), name is not None, columns, item)
