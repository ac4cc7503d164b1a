"""A comparable picture of a database: what two databases must share to count as equal."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from initdb.events.naming import parted
from initdb.events.views import VIEWS
from tests.support import postgresql_state, sqlite_state

JOURNAL_PREFIX = "init_journal"
"""Every table, function, trigger and index of the journal has a name that begins so."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a picture does not show."""

    journal: bool
    columns: frozenset[str]

    def table(self, name: str) -> bool:
        """Whether the table (or the function or sequence of that name) is left out."""
        return self.journal and (name.startswith(JOURNAL_PREFIX) or parted(name)[0] in VIEWS)

    def column(self, table: str, name: str) -> bool:
        """Whether the rows of the table are shown without this column."""
        return f"{table}.{name}" in self.columns or name in self.columns


def database_state(
    engine: Engine, *, journal: bool = True, without_columns: Collection[str] = ()
) -> dict[str, Any]:
    """Schema and rows of the database, equal for two databases exactly when these are equal.

    The order of rows, row ids, the next value of a sequence and statistics are no part of it. With
    `journal=False` the journal's own objects are left out too. `without_columns` names columns, as
    `table.column` or, in every table, `column`, whose values may differ; their definitions stay.
    """
    left_out = LeftOut(journal=not journal, columns=frozenset(without_columns))
    if engine.dialect.name == "sqlite":
        return sqlite_state.picture(engine, left_out)
    return postgresql_state.picture(engine, left_out)
