"""A connection in a transaction of its own, as a step has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """A connection in a real transaction, on SQLite too; rolled back at the end."""
    with engine.connect() as connection, connection.begin() as outer:
        if engine.dialect.name == "sqlite":
            driver: Any = connection.connection.dbapi_connection
            driver.isolation_level = None
            driver.execute("BEGIN IMMEDIATE")
        yield connection
        if outer.is_active:
            outer.rollback()


@pytest.fixture
def work(engine: Engine) -> Iterator[Connection]:
    """A connection in a real transaction on an empty database."""
    with transaction(engine) as connection:
        yield connection


@pytest.fixture
def sql(work: Connection) -> Any:
    """Executes statements on the work connection, separated by semicolons at the ends of lines."""

    def execute(script: str) -> None:
        for statement in script.split(";\n"):
            if statement.strip(" \n;"):
                work.exec_driver_sql(statement.strip(" \n;"))

    return execute


@pytest.fixture
def statements(work: Connection) -> Iterator[list[str]]:
    """Every statement that is sent on the work connection from now on."""
    sent: list[str] = []

    @event.listens_for(work, "before_cursor_execute")
    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        sent.append(statement)

    yield sent
    event.remove(work, "before_cursor_execute", note)
