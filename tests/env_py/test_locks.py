"""Revisions that wait for other sessions: retries, then an error that can pass by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, NullPool, create_engine

from initdb.events.entry import Entry
from initdb.statemachine.site import Waiting, Watcher
from initdb.steps.one_revision import perform
from tests.env_py.project import Project, project
from tests.support.waiting import wait_until

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 't1'::regclass"


@pytest.fixture
def busy(tmp_path: Path, postgresql_url: str) -> Project:
    """r1 is applied, r2 alters its table; a lock is waited for no longer than 50 ms."""
    made = project(tmp_path, postgresql_url, revisions=1)
    assert made.initializer().initialize().success
    made.revision(2, '    op.execute("ALTER TABLE t1 ADD COLUMN more INTEGER")')
    made.options["lock_timeout"] = "50ms"
    return made


@pytest.fixture
def other(busy: Project) -> Iterator[Connection]:
    """Another session; what it holds it holds until it rolls back."""
    engine = create_engine(busy.url, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def locked(connection: Connection, mode: str = "ACCESS EXCLUSIVE") -> Callable[[Entry], None]:
    """A watcher that lets the other session lock the table once the database has been looked at."""

    def watch(entry: Entry) -> None:
        if entry.type == "database_inspected":
            connection.exec_driver_sql(f"LOCK TABLE t1 IN {mode} MODE")

    return watch


def test_a_lock_that_is_given_late_is_waited_for(busy: Project, other: Connection) -> None:
    """The revision gives way after lock_timeout, so that others are served, and tries again."""

    def free() -> None:
        wait_until(lambda: busy.sql(WAITING)[0][0] == 1)
        wait_until(lambda: busy.sql(WAITING)[0][0] == 0)
        other.rollback()

    helper = threading.Thread(target=free)
    helper.start()
    result = busy.initializer(locked(other)).initialize()
    helper.join()
    assert result.success, result.errors
    assert busy.applied() == ["r1", "r2"]
    assert busy.events("step_failed") == []


@pytest.mark.parametrize("mode", ["ACCESS EXCLUSIVE", "ACCESS SHARE"])
def test_a_lock_that_is_never_given_is_an_error_that_can_pass(
    busy: Project, other: Connection, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the revision and is recorded while the lock stands; after its pause a boot tries again."""
    monkeypatch.setattr(perform, "TRIES", 2)
    result = busy.initializer(locked(other, mode)).initialize()
    other.rollback()
    (error,) = result.errors
    assert "error: lock-timeout" in error
    assert "revision r2" in error
    assert "002_r2.py line 11" in error
    assert "ALTER TABLE t1" in error
    failed = busy.events("step_failed")
    assert [entry.data["error"]["passing"] for entry in failed] == [True]
    seen: list[Entry] = []
    assert busy.initializer(seen.append).initialize().success
    assert seen[0].data["reason"] == "retry"
    assert busy.applied() == ["r1", "r2"]


def test_other_sessions_are_served_between_the_tries(busy: Project, other: Connection) -> None:
    """A reader that came after the waiting ALTER gets through when it gives way."""
    other.exec_driver_sql("SELECT * FROM t1")
    results: list[bool] = []
    boot = threading.Thread(target=lambda: results.append(busy.initializer().initialize().success))
    boot.start()
    assert wait_until(lambda: busy.sql(WAITING)[0][0] == 1)
    assert busy.sql("SELECT count(*) FROM t1") == [(1,)]
    other.rollback()
    boot.join()
    assert results == [True]


def test_a_table_that_is_locked_before_is_waited_for(busy: Project, other: Connection) -> None:
    """To read a definition the server needs its table for a moment: the boot says so, and writes nothing."""
    assert busy.initializer().initialize().success
    before = busy.types()
    other.exec_driver_sql("LOCK TABLE t1 IN ACCESS EXCLUSIVE MODE")
    told: list[str] = []

    def waiting(state: Waiting) -> None:
        told.append(state.why)
        other.rollback()

    boot = busy.initializer()
    boot.site.watcher = Watcher(waiting=waiting)
    assert boot.initialize().success
    (said,) = told
    assert said.startswith("another session holds the journal, or a table whose definition has to be read")
    assert "t1 is locked by process" in said
    assert busy.types() == before


def test_a_deadlock_is_tried_again(busy: Project) -> None:
    """PostgreSQL ends one of the two; the revision starts again."""
    marker = busy.folder / "once"
    busy.revision(
        2,
        f"""
    from pathlib import Path
    op.execute("LOCK TABLE t1 IN ACCESS EXCLUSIVE MODE")
    if not Path({str(marker)!r}).exists():
        Path({str(marker)!r}).touch()
        op.execute("DO $$ BEGIN RAISE EXCEPTION 'as if' USING ERRCODE = 'deadlock_detected'; END $$")
    op.execute("ALTER TABLE t1 ADD COLUMN more INTEGER")
""",
    )
    result = busy.initializer().initialize()
    assert result.success, result.errors
    assert busy.events("step_failed") == []


def test_what_a_block_did_is_not_done_twice(busy: Project, other: Connection) -> None:
    """A lock that is not given inside an autocommit block fails at once: what was before it is committed."""
    busy.revision(
        2,
        """
    op.execute("CREATE TABLE made_before (id INTEGER)")
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '50ms'")
        op.execute("ALTER TABLE t1 ADD COLUMN more INTEGER")
""",
    )
    result = busy.initializer(locked(other)).initialize()
    other.rollback()
    (error,) = result.errors
    assert "error: lock-timeout" in error
    assert "outside a transaction" in error
    assert "--retry r2" in error
    assert busy.sql("SELECT count(*) FROM made_before") == [(0,)]
