"""Which processes hold the baton of a journal, or another of its locks, as a waiting process names them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from initdb.events.baton import try_baton
from initdb.events.clock import Clock
from initdb.events.journal import Journal
from initdb.events.sessions import session
from initdb.events.side_file import SIDE_SUFFIX
from initdb.statemachine.loop import holder
from initdb.statemachine.loop.take_over import take_over
from initdb.steps.catalog.sqlite import locks
from tests.events.journals import make
from tests.statemachine.test_take_over import HOLD

JOURNAL = Journal("main", "shop")


def _file(engine: Engine) -> Path:
    return Path(f"{engine.url.database}{SIDE_SUFFIX}")


def test_the_holder_of_the_baton_is_named(engine: Engine) -> None:
    """The session on PostgreSQL, the process on SQLite. No process holds it before and after that."""
    journal = make(engine)
    assert holder.holders(engine, journal) == ()
    baton = try_baton(engine, journal)
    assert baton is not None
    pid = baton.backend() if engine.dialect.name == "postgresql" else os.getpid()
    assert [one.pid for one in holder.holders(engine, journal) or ()] == [pid]
    assert holder.holders(engine, journal, "first") == ()
    baton.release()
    assert holder.holders(engine, journal) == ()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_holder_of_another_lock_is_named(engine: Engine) -> None:
    """The lock is of one journal."""
    journal = make(engine)
    with session(engine) as making:
        making.exec_driver_sql(f"SELECT pg_advisory_lock({journal.key('first')})")
        pid = making.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        assert [one.pid for one in holder.holders(engine, journal, "first") or ()] == [pid]
        assert holder.holders(engine, journal) == ()
        assert holder.holders(engine, Journal(journal.schema, "billing"), "first") == ()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_prepared_transaction_holds_nothing(engine: Engine) -> None:
    """It has no process, and nobody may ever end it. So its lock does not count."""
    journal = make(engine)
    admin = create_engine(engine.url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        lock = f"SELECT pg_advisory_xact_lock({journal.key('baton')})"
        for statement in ("BEGIN", lock, "PREPARE TRANSACTION 'left'"):
            connection.exec_driver_sql(statement)
    try:
        assert holder.holders(engine, journal) == ()
        assert take_over(engine, journal, None, Clock()) == ()
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql("ROLLBACK PREPARED 'left'")
        admin.dispose()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_another_process_is_named(engine: Engine) -> None:
    """It is the one that has a transaction open on the baton's file."""
    words = (sys.executable, "-c", HOLD, str(_file(engine)))
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "holds\n"
        assert [one.pid for one in holder.holders(engine, JOURNAL) or ()] == [process.pid]
        process.kill()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_where_the_system_shows_no_locks_the_holder_is_not_known(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is still known whether there is one."""
    monkeypatch.setattr(locks, "LOCKS", Path("/nowhere"))
    _file(engine).touch()
    assert holder.holders(engine, JOURNAL) == ()
    words = (sys.executable, "-c", HOLD, str(_file(engine)))
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "holds\n"
        assert holder.holders(engine, JOURNAL) is None
        process.kill()


def test_a_database_without_a_baton_file_has_no_holder(tmp_path: Path) -> None:
    """It is in memory, or no process has worked on it yet. The question makes no file."""
    engine = create_engine(f"sqlite:///{tmp_path / 'x.db'}")
    assert holder.holders(engine, JOURNAL) == ()
    assert list(tmp_path.iterdir()) == []
    assert holder.holders(create_engine("sqlite://"), JOURNAL) == ()
