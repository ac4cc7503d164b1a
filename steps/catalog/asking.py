"""Sends initdb's own statements to a database, on any kind of connection."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
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

from initdb.events.database import database_of

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
    """Make an `Ask` for a connection of SQLAlchemy. It asks in the connection's transaction.

    On PostgreSQL each statement finds only the server's own names, and `:path` in it stands for the schemas
    of the session's own path.
    """
    database = database_of(connection)

    def ask(statement: str, values: Mapping[str, object] | None = None, /) -> Sequence[Row]:
        # A quoted name may hold a colon.
        plain = statement.replace(":", r"\:") if values is None else statement
        with database.pinned(connection) as path:
            given = {**(values or {}), "path": list(path)} if ":path" in plain else values
            return connection.execute(_clause(plain), given or {}).all()

    return ask


@lru_cache
def _clause(statement: str) -> TextClause:
    return text(statement)


AskForRows: TypeAlias = Callable[[Executable], "set[str] | None"]
"""Sends the statement that names the tables with rows. None: one of its tables cannot be read."""


def keys_with_rows(tables: Collection[Table], ask: AskForRows) -> frozenset[str]:
    """The keys of the tables that have rows, or that cannot be read.

    One statement asks for many tables. If it fails, each is asked for by itself.

    Args:
        tables: Tables that exist, or did a moment ago.
        ask: Sends a statement.
    """
    found: set[str] = set()
    rest = iter(tables)
    while some := tuple(islice(rest, 100)):
        answer = ask(_asks_for_rows(some))
        if answer is None:
            each = ((table.key, ask(_asks_for_rows((table,)))) for table in some)
            answer = {key for key, one in each if one is None or one}
        found |= answer
    return frozenset(found)


def _asks_for_rows(tables: Collection[Table]) -> Executable:
    each = [
        select(literal(table.key)).where(exists(select(literal_column("1")).select_from(table)))
        for table in tables
    ]
    return each[0] if len(each) == 1 else union_all(*each)
