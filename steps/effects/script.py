"""The SQL of a piece of work, as it was printed without a database."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sql:
    """One statement.

    Attributes:
        text: Without a semicolon at its end.
        outside: Whether it runs outside the revision's transaction, in an autocommit block.
    """

    text: str
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """What a piece of work sends.

    Attributes:
        revision: The id of the revision; empty for other work.
        statements: Its statements, in order; of one that cannot be printed those before the place where it
            stops.
        version: The statements with which Alembic moves the version rows.
        refused: Why it cannot be printed, in a sentence without its full stop; empty if it is printed.
    """

    revision: str
    statements: tuple[Sql, ...] = ()
    version: tuple[str, ...] = ()
    refused: str = ""
