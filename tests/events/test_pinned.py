"""The pinned search_path: what is said if the connection is lost, or the transaction cannot go on."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError

from initdb.errors.classify import is_connection_lost
from initdb.events.search_path import pinned
from initdb.events.sessions import session
from initdb.events.statements import driver, run


def test_a_connection_that_is_lost_in_the_block(postgresql_url: str) -> None:
    """It is said at the end of the block. Else the next statement fails with an error that means nothing."""
    engine = create_engine(postgresql_url)
    with session(engine) as connection:
        pid = driver(connection).info.backend_pid

        def lose() -> None:
            with pinned(connection), engine.connect() as other:
                other.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)")

        with pytest.raises(DBAPIError) as caught:
            lose()
    assert is_connection_lost(caught.value)
    engine.dispose()


def test_a_transaction_that_failed_in_the_block(postgresql_url: str) -> None:
    """The error of the block is the one that is raised; one that the block has handled raises nothing."""
    engine = create_engine(postgresql_url)
    with session(engine) as connection:
        with pytest.raises(DBAPIError, match="division by zero"), pinned(connection):
            run(connection, "SELECT 1 / 0")
        driver(connection).rollback()
        with pinned(connection), pytest.raises(DBAPIError, match="division by zero"):
            run(connection, "SELECT 1 / 0")
    engine.dispose()
