"""Hashes models: what their definition says where that is plain, and else their DDL on the database.

To compile the DDL of all tables takes many times as long, and a boot of a ready database does little else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Constraint, Dialect, Index, MetaData, Table
from sqlalchemy.exc import CompileError
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable, DefaultClause
from sqlalchemy.sql.elements import TextClause

from initdb.steps.drift.wanted import ddl_compiler

PLAIN_TYPES = {
    "DateTime Time DATETIME TIME TIMESTAMP": ("timezone",),
    "Enum": ("enums", "name", "schema", "native_enum", "create_constraint", "length"),
    "Float FLOAT Double DOUBLE REAL": ("precision",),
    "Boolean BOOLEAN": ("create_constraint", "name"),
    "Integer BigInteger SmallInteger INTEGER BIGINT SMALLINT Date DATE JSON JSONB UUID": (),
    "LargeBinary BLOB BYTEA": ("length",),
    "Numeric NUMERIC DECIMAL": ("precision", "scale"),
    "String Text Unicode UnicodeText VARCHAR TEXT CHAR": ("length", "collation"),
    "Uuid": ("native_uuid",),
}
"""Names of SQLAlchemy's types → the attributes that their DDL follows from."""

_ATTRIBUTES = {name: attributes for names, attributes in PLAIN_TYPES.items() for name in names.split()}
_getters: dict[type, Callable[[Any], object]] = {}
_COLUMN = attrgetter(
    "type", "constraints", "__dict__", "__class__", "computed", "identity", "default", "server_default",
    "nullable", "primary_key", "autoincrement",
)  # fmt: skip
_FOREIGN_KEY = attrgetter("ondelete", "onupdate", "deferrable", "initially", "match", "use_alter")
_COMPILED = (CreateTable, CreateColumn, CreateIndex, sa.PrimaryKeyConstraint, sa.UniqueConstraint,
             sa.CheckConstraint, sa.ForeignKeyConstraint)  # fmt: skip


class _NotPlain(Exception):
    """Only the DDL of a table says all of it."""


def models_digest(metadata: MetaData, dialect: Dialect) -> str:
    """The hash of the models, table by table in the order of their names.

    It is not a hash of source files: the file of a mixin defines no table, and processes differ in the
    modules that they import.

    Args:
        metadata: The models.
        dialect: Of the database.
    """
    conventions = metadata.naming_convention
    plain = all(isinstance(one, str) for one in conventions.values()) and not any(map(_is_hooked, _COMPILED))
    seen = dict[object, str]()
    said = [dialect.name, repr(sorted(conventions.items(), key=str)) if plain else ""]
    for name, table in sorted(metadata.tables.items()):
        try:
            said += [name, *_plain(table, seen)] if plain else [_ddl(table, dialect)]
        except _NotPlain:
            said.append(_ddl(table, dialect))
    return hashlib.sha256("\n".join(said).encode(errors="surrogatepass")).hexdigest()


def _is_hooked(kind: type) -> bool:
    """Whether `sqlalchemy.ext.compiler.compiles` was used on a class."""
    return "_compiler_dispatcher" in kind.__dict__


def _plain(table: Table, seen: dict[object, str]) -> list[str]:
    """What the definition of a table says. Equal definitions give equal texts in every process.

    Args:
        table: The table.
        seen: What columns say besides their names, and its text: most say the same as many others.

    Raises:
        _NotPlain: Its DDL says more.
    """
    if table.__class__ is not Table or table._prefixes or _has_options(table):
        raise _NotPlain
    texts = ["\0".join([column.name for column in table.columns])]
    for column in table.columns:
        said = _COLUMN(column)
        type, kind = said[0], said[0].__class__
        if said[1] or "dialect_options" in said[2] or "_variant_mapping" in type.__dict__:
            _refuse_unusual(column)
        # The name is a plain str in a mapped class, and a quoted_name in a Table.
        rest = (getattr(column.name, "quote", None), *said[3:])
        key = (kind, (_getters.get(kind) or _getter(kind))(type), rest)
        text = seen.get(key)
        if text is None:
            text = seen[key] = _column(kind.__name__, key[1], *rest)
        texts.append(text)
    texts += sorted([repr(_constraint(one)) for one in table.constraints])
    texts += sorted([repr(_index(one)) for one in table.indexes])
    return texts


def _refuse_unusual(column: Column[Any]) -> None:
    if column.constraints or "_variant_mapping" in column.type.__dict__ or tuple(column.dialect_kwargs):
        raise _NotPlain


def _column(  # noqa: PLR0913, PLR0917 - what a column says
    kind: str, said: object, quote: object, column: type, computed: object, identity: object, default: Any,
    server_default: object, *rest: object,
) -> str:  # fmt: skip
    """What a column says besides its name, as a text."""
    if column is not Column or computed is not None or identity is not None:
        raise _NotPlain
    if default is not None and default.is_sequence:
        raise _NotPlain
    shown = None if server_default is None else _server_default(server_default)
    return repr((kind, said, quote, default is None, shown, *rest))


def _getter(kind: type) -> Callable[[Any], object]:
    """What reads the attributes of a type of SQLAlchemy's own."""
    attributes = _ATTRIBUTES.get(kind.__name__)
    if attributes is None or not kind.__module__.startswith("sqlalchemy.") or _is_hooked(kind):
        raise _NotPlain
    found: Callable[[Any], object] = attrgetter(*attributes) if attributes else lambda type: None
    if "enums" in attributes:
        return _getters.setdefault(kind, lambda type: repr(found(type)))
    return _getters.setdefault(kind, found)


def _server_default(default: object) -> str:
    argument = default.arg if default.__class__ is DefaultClause else None
    if isinstance(argument, str):
        return f"'{argument}"
    if argument.__class__ is TextClause:
        return _text(argument)
    raise _NotPlain


def _text(clause: object) -> str:
    if clause.__class__ is not TextClause or clause._bindparams:
        raise _NotPlain
    return str(clause.text)


def _constraint(one: Constraint) -> tuple[object, ...]:
    if _has_options(one):
        raise _NotPlain
    said = (one.__class__.__name__, one.name, one.deferrable, one.initially)
    match one:
        case sa.PrimaryKeyConstraint() | sa.UniqueConstraint():
            return (*said, [column.name for column in one.columns])
        case sa.ForeignKeyConstraint():
            targets = [key.target_fullname for key in one.elements]
            return (*said, one.column_keys, targets, _FOREIGN_KEY(one))
        case sa.CheckConstraint():
            return (*said, _text(one.sqltext))
    raise _NotPlain


def _index(one: Index) -> tuple[object, ...]:
    if _has_options(one) or any(column.__class__ is not Column for column in one.expressions):
        raise _NotPlain
    return one.name, one.unique, [column.name for column in one.expressions]  # type: ignore[union-attr]


def _has_options(one: Any) -> bool:
    """Whether something has arguments for one database alone, such as `sqlite_where`."""
    return "dialect_options" in one.__dict__ and bool(tuple(one.dialect_kwargs))


def _ddl(table: Table, dialect: Dialect) -> str:
    try:
        made = _in_one_order(table, str(CreateTable(table).compile(dialect=dialect)), dialect)
        indexes = sorted(str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes)
    except CompileError:
        # The models use a type of another database. Its name and options still distinguish models.
        made = "\n".join(f"{c.name} {c.type!r} {c.nullable} {c.primary_key}" for c in table.columns)
        indexes = sorted(str(index.name) for index in table.indexes)
    return "\n".join([table.fullname, made, *indexes])


def _in_one_order(table: Table, made: str, dialect: Dialect) -> str:
    """The statement with the table's own constraints in the order of their texts, if there are several.

    A copy by Table.to_metadata() has them in another order in each process.
    """
    several = [one for one in table.constraints if not _has_its_place(one)]
    if len(several) < 2:
        return made
    compiler = ddl_compiler(dialect)
    texts = sorted(filter(None, map(compiler.process, several)), key=lambda text: (-len(text), text))
    for text in texts:
        made = made.replace(text, "", 1)
    return "\n".join([made, *texts])


def _has_its_place(constraint: Constraint) -> bool:
    """Whether it is the key, or comes with a column: `unique=True`."""
    if isinstance(constraint, sa.UniqueConstraint):
        return [column.unique for column in constraint.columns] == [True]
    return isinstance(constraint, sa.PrimaryKeyConstraint)
