"""A process dies during CREATE INDEX CONCURRENTLY and its backend goes on: nobody gets in its way."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from initdb.statemachine import orders
from tests.support.boot import Boot
from tests.support.crash import forked_run
from tests.support.toy import Toy
from tests.support.waiting import wait_until

INDEX = "t1_name_again"

BUILD = f"""
    with op.get_context().autocommit_block():
        op.execute("SET client_connection_check_interval = 0")
        op.execute("CREATE INDEX CONCURRENTLY {INDEX} ON t1 (name)")"""
"""The server is told not to look whether its client lives, as where it cannot see that it does not."""

BUILDING = (
    "SELECT pid FROM pg_stat_progress_create_index WHERE datname = current_database()"
    f" AND index_relid = '{INDEX}'::regclass"
)
STATE = f"SELECT indisvalid FROM pg_index WHERE indexrelid = '{INDEX}'::regclass"


@pytest.fixture
def toy(tmp_path: Path, postgresql_url: str) -> Toy:
    """Ready at three revisions, and a fourth that builds an index outside a transaction."""
    toy = Toy(tmp_path, postgresql_url, options={"schema_from": "migrations"})
    assert toy.with_revisions().with_seeds().initializer().initialize().success
    toy.revision(4, BUILD, doc="an index beside the work")
    return toy


@contextmanager
def held_up(toy: Toy) -> Iterator[None]:
    """A transaction that has written t1: a build waits for its end, with its INVALID index there."""
    engine = create_engine(toy.url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("UPDATE t1 SET name = name WHERE id = 1")
        yield
        connection.rollback()


def orphaned(toy: Toy) -> list[tuple[object, ...]]:
    """Kill a run in the middle of its build; the backend that goes on with it."""
    child = forked_run(toy, "", signal.SIGKILL)
    assert wait_until(lambda: _there(toy) and bool(toy.sql(BUILDING)))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    return list(map(tuple, toy.sql(BUILDING)))


def _there(toy: Toy) -> bool:
    return toy.sql(f"SELECT to_regclass('{INDEX}') IS NOT NULL") == [(True,)]


def test_the_next_boots_wait_for_a_living_build(toy: Toy) -> None:
    """One waits for it and says so, others for that one; the build ends as if nothing had been."""
    boots: list[Boot] = []
    with held_up(toy):
        builder = orphaned(toy)
        assert builder
        boots = [Boot(toy) for _ in range(3)]
        assert wait_until(lambda: any("builds or drops an index" in why for one in boots for why in one.said))
        assert list(map(tuple, toy.sql(BUILDING))) == builder
        assert toy.sql(STATE) == [(False,)]
    for boot in boots:
        boot.is_ready()
    assert _found(toy) == [f"index public.{INDEX}: built"]
    _assert_once(toy)


def test_a_build_whose_backend_died_is_dropped_and_done_anew(toy: Toy) -> None:
    """INVALID, and nobody builds it."""
    with held_up(toy):
        ((pid,),) = orphaned(toy)
        toy.sql(f"SELECT pg_terminate_backend({pid}, 5000)")
    assert toy.sql(STATE) == [(False,)]
    assert toy.initializer().initialize().success
    assert _found(toy) == [f"index public.{INDEX}: INVALID, dropped and built anew"]
    _assert_once(toy)


def test_an_index_that_was_there_before_is_somebody_elses(toy: Toy) -> None:
    """The revision fails at it, and resumed it does not take it for its own."""
    toy.sql(f"CREATE INDEX {INDEX} ON t1 (id)")
    for _ in range(2):
        outcome = toy.initializer().attend(orders.resume(toy.initializer().look()))
        assert outcome.error is not None, outcome
    assert outcome.error is not None and outcome.error.reference == "revision-in-doubt"
    assert "was there before" in str(outcome.error.context)
    toy.sql(f"DROP INDEX {INDEX}")
    outcome = toy.initializer().attend(orders.resume(toy.initializer().look()))
    assert outcome.ending == "ready", outcome.error
    _assert_once(toy)


def _found(toy: Toy) -> object:
    """What the revision's event says of its block."""
    return [one.data for one in toy.initializer().entries() if one.type == "migration_applied"][-1].get(
        "found"
    )


def _assert_once(toy: Toy) -> None:
    assert toy.sql(STATE) == [(True,)]
    types = [entry.type for entry in toy.initializer().entries()]
    assert types.count("migration_applied") == 4
    assert toy.initializer().initialize().success
    assert toy.types() == types
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r4",)]
