"""What the owner of a database can do to its journal: pass the triggers by that guard it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from tests.events.journals import begin, commit


@contextmanager
def guards_off(connection: Connection) -> Iterator[None]:
    """For the length of the block, the triggers do not fire; on PostgreSQL, to the end of the session."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET session_replication_role = replica")
        yield
        return
    triggers = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name LIKE 'init_journal%'"
    ).all()
    for name, _ in triggers:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield
    for _, sql in triggers:
        connection.exec_driver_sql(sql)


def without_guards(connection: Connection, *statements: str) -> None:
    """Run statements past the triggers, in the open transaction."""
    with guards_off(connection):
        for statement in statements:
            connection.exec_driver_sql(statement)


def change(connection: Connection, *statements: str) -> None:
    """The same in a transaction of its own."""
    begin(connection)
    without_guards(connection, *statements)
    commit(connection)


@contextmanager
def unchecked(connection: Connection) -> Iterator[None]:
    """For the length of a block, an entry may have any form, as where the guards are of another version."""
    name = "init_journal_check"
    if connection.dialect.name == "postgresql":
        query = f"SELECT 1 FROM pg_trigger WHERE tgname = '{name}'"
        there = connection.exec_driver_sql(query).first() is not None
        if there:
            connection.exec_driver_sql(f"ALTER TABLE init_journal DISABLE TRIGGER {name}")
        yield
        if there:
            connection.exec_driver_sql(f"ALTER TABLE init_journal ENABLE TRIGGER {name}")
        return
    query = f"SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = '{name}'"
    found = connection.exec_driver_sql(query).scalars().all()
    if found:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield
    for sql in found:
        connection.exec_driver_sql(sql)
