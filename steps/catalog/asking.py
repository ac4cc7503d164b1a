"""Sends initdb's own statements to a database, on any kind of connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol, TypeAlias

from sqlalchemy import Connection, TextClause, text

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
