"""Tells which database a connection is to, by what the database says and not by the URL."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, text

from initdb.events.sessions import is_memory, session


def identity(connection: Connection) -> tuple[str, ...]:
    """The file's real path on SQLite; the server's start time and the database's oid on PostgreSQL."""
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql("PRAGMA database_list").all()
        file = next((row[2] for row in rows if row[1] == "main"), "")
        return ("sqlite", str(Path(file).resolve()) if file else ":memory:")
    row = connection.execute(
        text(
            "SELECT d.oid::text, pg_catalog.pg_postmaster_start_time()::text"
            " FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()"
        )
    ).one()
    return ("postgresql", row[0], row[1])


def same_database(engine: Engine, connection: Connection) -> bool:
    """Whether a connection is to the database of an engine."""
    if connection.dialect.name != engine.dialect.name:
        return False
    if is_memory(engine):
        with engine.connect() as mine:
            return mine.connection.dbapi_connection is connection.connection.dbapi_connection
    with session(engine) as mine:
        return identity(mine) == identity(connection)
