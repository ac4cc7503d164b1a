"""Fixtures of the seeding tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine

from initdb.events.database import database_of
from initdb.events.sessions import session
from tests.seeds.support import make_tables


@pytest.fixture
def tables(engine: Engine) -> Engine:
    """The engine, with the tables to seed."""
    make_tables(engine)
    return engine


@pytest.fixture
def work(tables: Engine) -> Iterator[Connection]:
    """A connection as steps get it, in an open transaction."""
    with session(tables) as connection:
        database_of(connection).begin(connection)
        yield connection
        database_of(connection).rollback(connection)
