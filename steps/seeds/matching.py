"""Finds existing rows by their natural keys, and compares them with a seed's rows.

Here a NULL in a key is a value like any other: if a row (NULL, 'admin') exists, seeding again creates no
second one. Only a key that is NULL in all its columns identifies nothing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from itertools import islice

from sqlalchemy import (
    CHAR,
    JSON,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Numeric,
    Table,
    and_,
    literal,
    or_,
    select,
    tuple_,
)

from initdb.events.database import database_of
from initdb.steps.seeds.values import plain_type

Stored = Mapping[str, object]
Identity = tuple[object, ...]
Form = Callable[[object], object]
Forms = Mapping[str, Form]

_EXACT = Context(prec=2000, rounding=ROUND_HALF_UP)

VARIABLES = 900
"""Bound values in one query. SQLite before 3.32 takes 999 (https://sqlite.org/limits.html)."""


def find(
    connection: Connection,
    columns: Sequence[Column[object]],
    key: Sequence[Column[object]],
    wanted: Iterable[Identity],
) -> Iterator[Stored]:
    """Find the stored rows with certain keys, with one query for some hundred of them.

    Args:
        connection: In a transaction.
        columns: What is read of each row.
        key: The columns of the key.
        wanted: The keys.

    Returns:
        The rows, as column key → value.
    """
    remaining = iter(wanted)
    while chunk := tuple(islice(remaining, max(1, VARIABLES // len(key)))):
        with database_of(connection).shielded(connection) as default:
            query = select(*columns).where(_any_of(key, chunk))
            named = {"schema_translate_map": {None: default}} if default else {}
            rows = connection.execute(query, execution_options=named).all()
        for row in rows:
            yield dict(zip((column.key for column in columns), row, strict=True))


def is_row(key: Sequence[Column[object]], wanted: Identity) -> ColumnElement[bool]:
    """The condition that a row has a certain key, as the database compares.

    Args:
        key: The columns of the key.
        wanted: Their values.
    """
    return and_(
        *(
            column.is_(None) if value is None else column == literal(value, column.type)
            for column, value in zip(key, wanted, strict=True)
        )
    )


def forms(table: Table, dialect: Dialect) -> Forms:
    """For each column, what gives a value the form in which the database stores it. The form is hashable.

    Args:
        table: The table.
        dialect: Of the database.
    """
    return {column.key: _form(column, dialect) for column in table.columns}


def identity(row: Stored, key: Sequence[Column[object]], canonical: Forms) -> Identity:
    """The row's key, in a form that is equal for equal keys from a file and from the database.

    Args:
        row: The row.
        key: The columns of the key.
        canonical: What `forms` returned.
    """
    return tuple(canonical[column.key](row[column.key]) for column in key)


def differs(given: Stored, stored: Stored, key: Sequence[Column[object]], canonical: Forms) -> bool:
    """Whether a row of a seed differs from the stored row. The columns of the key are not compared.

    Args:
        given: The row of the seed.
        stored: The row of the database.
        key: The columns of the key.
        canonical: What `forms` returned.
    """
    apart = {column.key for column in key}
    return any(
        canonical[name](value) != canonical[name](stored.get(name))
        for name, value in given.items()
        if name not in apart
    )


def _form(column: Column[object], dialect: Dialect) -> Form:
    kind = plain_type(column)
    if isinstance(kind, JSON):
        return lambda value: None if value is None else json.dumps(value, sort_keys=True, default=str)
    process = column.type.dialect_impl(dialect).bind_processor(dialect)
    # PostgreSQL pads CHAR with blanks when it stores a value, SQLite does not.
    padded = isinstance(kind, CHAR) and dialect.name == "postgresql"

    def canonical(value: object) -> object:
        if value is None:
            return None
        if isinstance(value, bytes | bytearray | memoryview):
            return bytes(value)
        sent = process(value) if process else value
        if isinstance(kind, Numeric) and isinstance(sent, Decimal | int | float):
            return _rounded(kind.scale, sent)
        if padded and isinstance(sent, str):
            return sent.rstrip(" ")
        return sent if _is_hashable(sent) else repr(sent)

    return canonical


def _any_of(key: Sequence[Column[object]], wanted: Sequence[Identity]) -> ColumnElement[bool]:
    whole = [values for values in wanted if None not in values]
    conditions = [is_row(key, values) for values in wanted if None in values]
    if whole and len(key) == 1:
        conditions.append(key[0].in_([value for (value,) in whole]))
    elif whole:
        conditions.append(tuple_(*key).in_(whole))
    return or_(*conditions)


def _rounded(scale: int | None, value: Decimal | float) -> object:
    """A decimal rounded as PostgreSQL rounds it, a float as SQLAlchemy formats it for SQLite."""
    if scale is None or not math.isfinite(value):
        return value if isinstance(value, Decimal) else Decimal(repr(value))
    if isinstance(value, float):
        return Decimal(f"{value:.{scale}f}")
    return Decimal(value).quantize(Decimal(1).scaleb(-scale), context=_EXACT)


def _is_hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True
