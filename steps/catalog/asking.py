"""Sends initdb's own statements to a database, on any kind of connection."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, Protocol, TypeAlias

from sqlalchemy import (
    Connection,
    Executable,
    Table,
    TextClause,
    exists,
    literal,
    literal_column,
    select,
    text,
    union_all,
)

Row: TypeAlias = Sequence[Any]
"""One row, as the driver returns it. Only the statement knows the types."""


class Ask(Protocol):
    """Sends one statement and returns its rows.

    A statement is plain text with placeholders such as `:name`. sqlite3 takes them as they are; for other
    drivers they are replaced. A statement without values has no placeholders.
    """

    def __call__(self, statement: str, values: Mapping[str, object] | None = None, /) -> Sequence[Row]:
        """Send a statement and return all its rows.

        Args:
            statement: Its text.
            values: The values of its placeholders.
        """


def asking(connection: Connection) -> Ask:
    """Make an `Ask` for a connection of SQLAlchemy. It asks in the connection's transaction."""

    def ask(statement: str, values: Mapping[str, object] | None = None, /) -> Sequence[Row]:
        # A quoted name may hold a colon.
        plain = statement.replace(":", r"\:") if values is None else statement
        return connection.execute(_clause(plain), values or {}).all()

    return ask


@lru_cache
def _clause(statement: str) -> TextClause:
    return text(statement)


def asks_for_rows(tables: Collection[Table]) -> Executable:
    """The statement that returns the keys of those tables that have rows.

    Args:
        tables: At least one, and all exist.
    """
    each = [
        select(literal(table.key)).where(exists(select(literal_column("1")).select_from(table)))
        for table in tables
    ]
    return each[0] if len(each) == 1 else union_all(*each)


def batched(tables: Collection[Table], size: int) -> Iterator[tuple[Table, ...]]:
    """The tables in groups.

    Args:
        tables: Tables.
        size: How many a group has at most.
    """
    rest = iter(tables)
    while group := tuple(islice(rest, size)):
        yield group
