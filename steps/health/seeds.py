"""Checks whether the seeds are applied."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from initdb.steps.catalog.issue import Issue
from initdb.steps.catalog.port import catalogue_of

if TYPE_CHECKING:
    from initdb.steps.seeds.model import SeedSource


def seed_issues(
    connection: Connection, sources: Collection[SeedSource], pending: Collection[str]
) -> tuple[Issue, ...]:
    """Sources that are not complete in the ledger, and files whose table is missing.

    Args:
        connection: It is only read.
        sources: The application's sources.
        pending: The names of those that are not complete.
    """
    return (*_pending(pending), *_without_table(connection, sources))


def _pending(pending: Collection[str]) -> Iterator[Issue]:
    for name in pending:
        text = f"The seed {name} was not applied, or not to its end."
        yield Issue("seed-pending", name, text, "error", "initdb resume applies it.")


def _without_table(connection: Connection, sources: Collection[SeedSource]) -> Iterator[Issue]:
    files = [source for source in sources if source.kind == "rows" and source.table]
    if not files:
        return
    default = connection.dialect.default_schema_name
    there = catalogue_of(connection).tables()
    for source in files:
        schema, _, name = str(source.table).rpartition(".")
        if (None if schema in {"", default} else schema, name) not in there:
            text = f"The table {source.table} of the seed {source.name} is not there."
            advice = "Correct the name of the file, or the table it says, or let the table be created."
            yield Issue("seed-table-missing", source.name, text, "error", advice, source.table)
