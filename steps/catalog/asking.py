"""How one of our own statements reaches a database, whatever kind of connection it is sent on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol, TypeAlias

from sqlalchemy import Connection, TextClause, text

Row: TypeAlias = Sequence[Any]
"""One row as the driver gives it; only the statement knows the types."""


class Ask(Protocol):
    """Sends one statement and returns its rows.

    A statement is plain text with placeholders such as `:name`, which sqlite3 takes as they are and every
    other driver after one substitution. A statement without values has no placeholders.
    """

    def __call__(self, statement: str, values: Mapping[str, object] | None = None, /) -> Sequence[Row]:
        """Send `statement` with `values` and return all its rows."""


def asking(connection: Connection) -> Ask:
    """The way to ask on a connection of SQLAlchemy's, in the transaction that it is in."""

    def ask(statement: str, values: Mapping[str, object] | None = None, /) -> Sequence[Row]:
        # A quoted name may hold a colon.
        plain = statement.replace(":", r"\:") if values is None else statement
        return connection.execute(_clause(plain), values or {}).all()

    return ask


@lru_cache
def _clause(statement: str) -> TextClause:
    return text(statement)
