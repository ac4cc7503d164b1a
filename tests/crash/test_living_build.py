"""A process dies during CREATE INDEX CONCURRENTLY and its backend goes on: nobody gets in its way."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from initdb.statemachine import commands
from initdb.statemachine.attend import Outcome
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


def _resume(toy: Toy, **how: list[str]) -> Outcome:
    initializer = toy.initializer()
    return initializer.attend(commands.resume(initializer.see(), **how))


def test_the_next_boots_leave_a_living_build_alone(toy: Toy) -> None:
    """They say that the revision is in doubt; the build ends as if nothing had been, and a person says so."""
    with held_up(toy):
        builder = orphaned(toy)
        assert builder
        for _ in range(3):
            outcome = toy.initializer().attend()
            assert outcome.error is not None and outcome.error.reference == "revision-in-doubt", outcome
            assert list(map(tuple, toy.sql(BUILDING))) == builder
            assert toy.sql(STATE) == [(False,)]
    assert wait_until(lambda: not toy.sql(BUILDING))
    assert toy.sql(STATE) == [(True,)]
    outcome = _resume(toy, mark=["r4"])
    assert outcome.ending == "ready", outcome.error
    _assert_once(toy)


def test_to_try_it_again_while_it_is_built_is_refused_by_the_server(toy: Toy) -> None:
    """The second build waits for the first one's table lock and finds its index: nothing is dropped."""
    with held_up(toy):
        builder = orphaned(toy)
        ended: list[Outcome] = []
        again = threading.Thread(target=lambda: ended.append(_resume(toy, retry=["r4"])))
        again.start()
        again.join(1.0)
        assert list(map(tuple, toy.sql(BUILDING))) == builder
    again.join(60.0)
    assert ended and ended[0].ending == "failed", ended
    assert wait_until(lambda: toy.sql(STATE) == [(True,)])
    outcome = _resume(toy, mark=["r4"])
    assert outcome.ending == "ready", outcome.error
    _assert_once(toy)


def _assert_once(toy: Toy) -> None:
    assert toy.sql(f"SELECT count(*) FROM pg_class WHERE relname = '{INDEX}'") == [(1,)]
    types = [entry.type for entry in toy.initializer().entries()]
    assert types.count("migration_applied") == 4
    assert toy.initializer().initialize().success
    assert toy.types() == types
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r4",)]
