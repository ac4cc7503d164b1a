"""Finds rows that break a foreign key on SQLite: a revision runs while their enforcement is off."""

from __future__ import annotations

from sqlalchemy import Connection


def violations(connection: Connection) -> frozenset[str]:
    """A sentence for each such row; none if the application does not enforce foreign keys."""
    if not connection.info.get("initdb_foreign_keys"):
        return frozenset()
    found = connection.exec_driver_sql("PRAGMA foreign_key_check")
    return frozenset(
        f"{table}, rowid {rowid}: refers to a row of {parent} that is not there"
        for table, rowid, parent, _ in found
    )
