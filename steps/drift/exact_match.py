"""Whether tables that no tool manages are exactly the models', so that they may be adopted."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, MetaData

from initdb.steps.drift import Issue, compare


def differences(
    connection: Connection, metadata: MetaData, ignore: Collection[str] = ()
) -> tuple[Issue, ...]:
    """Every difference between tables and models, in order; empty for an exact match.

    What a table has beyond its model counts too: it may come from a revision that was never applied here. A
    table that no model has counts only by its foreign keys into the models' tables: without one it may well
    be another application's.
    """
    return tuple(
        issue for issue in compare(connection, metadata, ignore=ignore) if issue.kind != "extra-table"
    )
