"""Rows that break a foreign key, on a SQLite connection that enforces them: a rebuild runs with them off."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection


def violations(connection: Connection) -> frozenset[Any]:
    """Each as (table, rowid, parent, foreign key's number); empty where the application does not enforce
    them."""
    if not connection.info.get("initdb_foreign_keys"):
        return frozenset()
    return frozenset(tuple(row) for row in connection.exec_driver_sql("PRAGMA foreign_key_check"))
