"""Whether tables that nobody manages are exactly what the models say, so that they may be taken over."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, MetaData

from initdb.steps.drift import Issue, compare


def differences(
    connection: Connection, metadata: MetaData, ignore: Collection[str] = ()
) -> tuple[Issue, ...]:
    """Whatever makes tables and models unequal, in order; empty for an exact match.

    What a table has beyond its model counts too: it may stand for a revision that was never applied. A table
    in no model counts only by its foreign keys into the models' tables: without one it may well be another
    application's.
    """
    return tuple(
        issue for issue in compare(connection, metadata, ignore=ignore) if issue.kind != "extra-table"
    )
