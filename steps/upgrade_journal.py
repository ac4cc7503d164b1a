"""Upgrades the journal's own tables to this code's version, by the scripts in migrations/journal."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, text

import initdb.migrations
from initdb.errors import InitError
from initdb.events.database import database_of
from initdb.events.head import MIN_WRITER, SCHEMA_VERSION
from initdb.events.journal import Journal
from initdb.events.sqlite import MAIN
from initdb.steps.alembic_driver import own_environment

FOLDER = Path(initdb.migrations.__file__).parent / "journal"
VERSIONS = "init_journal_version"
GUARD = "init_journal_head_move"


def upgrade(connection: Connection, schema: str | None, found: int, wanted: int = SCHEMA_VERSION) -> int:
    """Run the scripts that are missing, inside the caller's transaction.

    The journal of a second application in a SQLite file is of version 3 at least. A script after 0003 finds
    its name in that of the version table.

    Args:
        connection: In a transaction.
        schema: The schema of the journal.
        found: The `schema_version` of the head; 0 if there are no tables. A newer journal is left as it is.
        wanted: The version to upgrade to.

    Returns:
        The version after the upgrade.

    Raises:
        InitError: `journal-unreadable`, if the version table contradicts the head.
    """
    if found >= wanted:
        return found
    table, database = Journal(schema, "").table(connection, VERSIONS), database_of(connection)
    versions = database.renamed(VERSIONS, schema)
    where = MAIN if database.name == "sqlite" else schema
    _stamp(connection, where, versions, table, found)
    with own_environment(connection, FOLDER, versions, where) as environment:
        rows = environment.rows()
        if rows != ((_name(found),) if found else ()):
            said = f"{VERSIONS} says {', '.join(rows) or 'nothing'}, the head says version {found}"
            raise InitError("journal-unreadable", said, database=connection.dialect.name)
        for step in environment.upgrades(rows):
            if int(step.revision) <= wanted:
                rows = environment.apply(step, rows)
    _raise_head(connection, schema, wanted)
    return wanted


def _name(version: int) -> str:
    return f"{version:04d}"


def _stamp(connection: Connection, schema: str | None, name: str, table: str, found: int) -> None:
    """Write the version `found` into the version table, if a journal of that version had none yet."""
    if not connection.dialect.has_table(connection, name, schema=schema):
        connection.execute(
            text(
                f"CREATE TABLE {table} (version_num VARCHAR(32) NOT NULL,"
                f" CONSTRAINT {VERSIONS}_pkc PRIMARY KEY (version_num))"
            )
        )
        if found:
            connection.execute(text(f"INSERT INTO {table} VALUES (:version)"), {"version": _name(found)})


def _raise_head(connection: Connection, schema: str | None, version: int) -> None:
    """Write the version into the head.

    A trigger of the head refuses every change except an event's, even by its owner. So it is disabled, which
    only the owner may do, and it is back before the transaction ends.
    """
    head = Journal(schema, "").table(connection, "init_journal_head")
    guard = database_of(connection).renamed(GUARD, schema)
    raised = text(
        f"UPDATE {head} SET schema_version = :version,"
        " min_writer = CASE WHEN min_writer < :writer THEN :writer ELSE min_writer END"
    )
    values = {"version": version, "writer": MIN_WRITER}
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ALTER TABLE {head} DISABLE TRIGGER {GUARD}"))
        connection.execute(raised, values)
        connection.execute(text(f"ALTER TABLE {head} ENABLE TRIGGER {GUARD}"))
        return
    definition = connection.execute(
        text("SELECT sql FROM main.sqlite_schema WHERE type = 'trigger' AND name = :name"), {"name": guard}
    ).scalar_one()
    connection.execute(text(f"DROP TRIGGER main.{guard}"))
    connection.execute(raised, values)
    connection.exec_driver_sql(definition)
