"""Finds out whether tables that no tool manages are exactly those of the models, and may be adopted."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, MetaData

from initdb.steps.drift import Issue, compare


def differences(
    connection: Connection, metadata: MetaData, ignore: Collection[str] = ()
) -> tuple[Issue, ...]:
    """Every difference between tables and models, in order; empty for an exact match.

    What a table has beyond its model counts too: it may come from a revision that was never applied here. A
    table that no model has counts only if it has foreign keys into the models' tables. Otherwise it may
    belong to another application.

    Args:
        connection: It is only read.
        metadata: The models.
        ignore: As for `compare.compare`.
    """
    return tuple(
        issue for issue in compare(connection, metadata, ignore=ignore) if issue.kind != "extra-table"
    )
