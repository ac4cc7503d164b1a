"""Writes a schema as SQL text: the statements that create its tables, indexes and constraints.

For PostgreSQL a table has only its columns and its primary key. Each foreign key, unique constraint and check
is an `ALTER TABLE … ADD CONSTRAINT`. SQLite cannot add a constraint to a table
(https://sqlite.org/lang_altertable.html), so there each table contains its constraints. The text of a
constraint is then its clause in the table. It is for reading, and cannot be executed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, count

from sqlalchemy import (
    DDL,
    CheckConstraint,
    ClauseElement,
    Constraint,
    Dialect,
    ForeignKeyConstraint,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    TextClause,
    UniqueConstraint,
    create_mock_engine,
)
from sqlalchemy.dialects.postgresql.base import PGDDLCompiler
from sqlalchemy.schema import (
    AddConstraint,
    ColumnCollectionConstraint,
    CreateIndex,
    CreateTable,
    SetColumnComment,
    SetTableComment,
)

_URLS = {"sqlite": "sqlite://", "postgresql": "postgresql+psycopg2://"}


@dataclass(frozen=True, slots=True)
class Definition:
    """SQL text by name. Each mapping is in an order in which it can be executed.

    The name of a table outside the default schema is `schema.table`. A constraint without a name gets the
    name that PostgreSQL would give it. If two constraints or indexes have one name, the second is called
    `table.name`.

    Attributes:
        dialect: "sqlite" or "postgresql".
        types: What tables need first, such as enumerated types and sequences.
        tables: CREATE TABLE, by the table's name.
        constraints: ALTER TABLE … ADD CONSTRAINT, by the constraint's name.
        indexes: CREATE INDEX, by the index's name.
        notes: What comes last, such as comments and triggers that the models attach.
    """

    dialect: str
    types: list[str]
    tables: dict[str, str]
    constraints: dict[str, str]
    indexes: dict[str, str]
    notes: list[str]

    def statements(self) -> tuple[str, ...]:
        """The statements that create the whole schema in an empty database, in order."""
        added = self.constraints.values() if self.dialect == "postgresql" else ()
        return (*self.types, *self.tables.values(), *added, *self.indexes.values(), *self.notes)


class _BareTables(PGDDLCompiler):
    """Writes CREATE TABLE with no other constraint than the primary key."""

    def create_table_constraints(self, table: Table, *_: object, **__: object) -> str:
        return self.process(table.primary_key) if table.primary_key else ""


def definition(metadata: MetaData, dialect: str = "sqlite") -> Definition:
    """The SQL text that `metadata.create_all` would send.

    Listeners of the models are called, with a connection that records statements and answers nothing.

    Args:
        metadata: The models.
        dialect: "sqlite" or "postgresql".

    Raises:
        ValueError: The dialect is another one.
    """
    if dialect not in _URLS:
        raise ValueError(f"dialect {dialect!r} is neither 'sqlite' nor 'postgresql'")
    elements: list[ClauseElement] = []
    # Psycopg's own parameter style would double every percent sign in a default or a check.
    mock = create_mock_engine(_URLS[dialect], lambda sql, *_, **__: elements.append(sql), paramstyle="named")
    metadata.create_all(mock, checkfirst=False)
    if dialect == "postgresql":
        mock.dialect.ddl_compiler = _BareTables
    defined = Definition(dialect, [], {}, {}, {}, [])
    for element in elements:
        _define(defined, element, mock.dialect)
    added = [element.element for element in elements if isinstance(element, AddConstraint)]
    for constraint in _constraints(metadata, added, mock.dialect):
        if clause := _clause(constraint, mock.dialect):
            _add(defined.constraints, _name(constraint), constraint.table, clause)
    return defined


def _define(defined: Definition, element: ClauseElement, dialect: Dialect) -> None:
    sql = str(element.compile(dialect=dialect)).strip()
    match element:
        case AddConstraint():
            pass
        case CreateTable():
            defined.tables[element.element.key] = sql
        case CreateIndex():
            _add(defined.indexes, str(element.element.name), element.element.table, sql)
        case SetTableComment() | SetColumnComment():
            defined.notes.append(sql)
        case DDL(target=Table() as table):
            (defined.notes if table.key in defined.tables else defined.types).append(sql)
        case DDL() | TextClause():
            (defined.notes if defined.tables else defined.types).append(sql)
        case _:
            defined.types.append(sql)


def _constraints(metadata: MetaData, added: list[Constraint], dialect: Dialect) -> list[Constraint]:
    """The constraints that the dialect creates, in its tables or afterwards.

    Foreign keys come last, since one may refer to the columns of a unique constraint.
    """
    made = [
        constraint
        for table in metadata.tables.values()
        for constraint in table._sorted_constraints
        # Only this rule knows what `ddl_if` or a column's type (Boolean, Enum) says about a constraint.
        if constraint in added
        or constraint._should_create_for_compiler(dialect.ddl_compiler(dialect, CreateTable(table)))
    ]
    made = [constraint for constraint in made if not isinstance(constraint, PrimaryKeyConstraint)]
    return sorted(made, key=lambda constraint: isinstance(constraint, ForeignKeyConstraint))


def _clause(constraint: Constraint, dialect: Dialect) -> str | None:
    clause: str | None = dialect.ddl_compiler(dialect, CreateTable(constraint.table)).process(constraint)
    # As in `Definition.statements`: a caller names the database, and there is no connection.
    if clause and dialect.name == "postgresql":
        return f"ALTER TABLE {dialect.identifier_preparer.format_table(constraint.table)} ADD {clause}"
    return clause


def _add(texts: dict[str, str], name: str, table: Table | None, sql: str) -> None:
    names = chain((name, f"{table}.{name}"), (f"{table}.{name}{number}" for number in count(1)))
    texts[next(free for free in names if free not in texts)] = sql


def _name(constraint: Constraint) -> str:
    if isinstance(constraint.name, str):
        return str(constraint.name)
    columns = constraint.columns if isinstance(constraint, ColumnCollectionConstraint) else ()
    match constraint:
        case UniqueConstraint():
            kind = "key"
        case ForeignKeyConstraint():
            kind = "fkey"
        case CheckConstraint():
            kind = "check"
        case _:
            kind = "excl"
    return "_".join((constraint.table.name, *(column.name for column in columns), kind))
