"""What a process does besides the work: it waits, checks, creates the database, and notices a loss."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import threading
from pathlib import Path

import pytest
from sqlalchemy import make_url

from initdb.events.baton import try_baton
from initdb.statemachine.site import Waiting, Watcher
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy


@pytest.fixture
def toy(tmp_path: Path, database_url: str) -> Toy:
    """An application with three tables, three revisions and one seed file, before its first boot."""
    return Toy(tmp_path, database_url).with_revisions().with_seeds()


def test_check_says_what_is_pending_and_writes_nothing(toy: Toy) -> None:
    """The exit code is 3. No table is made, and on SQLite no file."""
    outcome = toy.initializer().attend(mode="check")
    assert (outcome.ending, outcome.exit_code) == ("pending", 3)
    if toy.url.startswith("sqlite"):
        assert not (toy.folder / "test.db").exists()
        assert not (toy.folder / "test.db-initdb").exists()
    else:
        assert toy.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_check_on_a_ready_database_is_ready(toy: Toy) -> None:
    """The exit code is 0."""
    toy.initializer().initialize()
    assert toy.initializer().attend(mode="check").exit_code == 0


def test_wait_never_works_itself(toy: Toy) -> None:
    """It looks until the limit, and then says that work is pending."""
    outcome = toy.initializer(wait_limit="400ms").attend(mode="wait")
    assert (outcome.ending, outcome.exit_code) == ("pending", 3)
    assert not toy.initializer().look().exists


def test_without_waiting_a_process_at_work_is_exit_four(toy: Toy) -> None:
    """With `--no-wait`, another process has the baton."""
    toy.initializer().initialize()
    toy.with_seeds(6)
    initializer = toy.initializer()
    baton = try_baton(initializer.engine, initializer.look().journal)
    assert baton is not None
    outcome = initializer.attend(wait=False)
    assert (outcome.ending, outcome.exit_code) == ("busy", 4)
    baton.release()
    assert initializer.attend(wait=False).ending == "ready"


def test_a_waiter_names_whom_it_waits_for_and_gives_up_at_its_limit(toy: Toy) -> None:
    """The error names the process at work. Nothing was written."""
    toy.initializer().initialize()
    toy.with_seeds(6)
    said: list[Waiting] = []
    initializer = toy.initializer(wait_limit="1500ms")
    initializer.site.watcher = Watcher(waiting=said.append)
    baton = try_baton(initializer.engine, initializer.look().journal)
    assert baton is not None
    before = toy.types()
    result = initializer.initialize()
    baton.release()
    assert not result.success
    assert "wait-limit" in result.errors[0]
    assert f"process {baton.backend() or os.getpid()} (" in result.errors[0]
    assert "is at work, and has written nothing yet" in result.errors[0]
    assert said
    assert toy.types() == before


def test_a_limit_that_is_over_at_once_names_whom_it_waited_for(toy: Toy) -> None:
    """There was no time to ask who works before: it is asked for the error."""
    toy.initializer().initialize()
    toy.with_seeds(6)
    initializer = toy.initializer(wait_limit="1ms")
    baton = try_baton(initializer.engine, initializer.look().journal)
    assert baton is not None
    error = initializer.attend().error
    baton.release()
    assert error is not None
    assert (error.reference, error.database) == ("wait-limit", initializer.engine.dialect.name)
    assert f"process {baton.backend() or os.getpid()} (" in error.context[0]


def test_a_missing_postgresql_database_is_created(server: PostgresServer, tmp_path: Path) -> None:
    """The setting says so. By default it is not: a library call has nobody to ask."""
    url = make_url(server.url("postgres")).set(database="made_by_boot")
    toy = Toy(tmp_path, url.render_as_string(hide_password=False)).with_revisions()
    try:
        assert "unknown-database" in toy.initializer().initialize().errors[0]
        assert toy.initializer(create_database="yes").initialize().success
    finally:
        server.admin_execute("DROP DATABASE IF EXISTS made_by_boot WITH (FORCE)")


def test_a_role_that_may_not_create_the_database_is_told_so(server: PostgresServer, tmp_path: Path) -> None:
    """The error names the database. Nothing is created."""
    server.create_password_role("small", "sesame-4711")
    url = make_url(server.url("not_there", user="small", password="sesame-4711", tcp=True))
    toy = Toy(tmp_path, url.render_as_string(hide_password=False)).with_revisions()
    try:
        result = toy.initializer().initialize()
    finally:
        server.admin_execute("DROP ROLE small")
    assert not result.success
    assert "sesame" not in result.errors[0]
    assert "unknown-database" in result.errors[0] or "database-permission-denied" in result.errors[0]


def test_a_new_sqlite_file_is_wal_and_private(tmp_path: Path) -> None:
    """It has mode 0600 and a write-ahead log."""
    toy = Toy(tmp_path, f"sqlite:///{tmp_path / 'new.db'}").with_revisions()
    assert toy.initializer().initialize().success
    assert stat.S_IMODE((tmp_path / "new.db").stat().st_mode) == 0o600
    assert toy.sql("PRAGMA journal_mode") == [("wal",)]


def test_an_existing_sqlite_file_keeps_its_journal_mode(tmp_path: Path) -> None:
    """The application chooses it."""
    sqlite3.connect(tmp_path / "old.db").execute("CREATE TABLE other (id INTEGER)").connection.close()
    toy = Toy(tmp_path, f"sqlite:///{tmp_path / 'old.db'}").with_revisions()
    assert toy.initializer().initialize().success
    assert toy.sql("PRAGMA journal_mode") == [("delete",)]


def test_a_database_that_comes_up_later_is_waited_for(
    server: PostgresServer, postgresql_url: str, tmp_path: Path
) -> None:
    """There is one outage event, which the next run writes."""
    toy = Toy(tmp_path, postgresql_url).with_revisions()
    server.stop_immediate()
    told = threading.Event()
    initializer = toy.initializer()
    initializer.site.watcher = Watcher(waiting=lambda waiting: told.set())
    results = []
    boot = threading.Thread(target=lambda: results.append(initializer.initialize()))
    boot.start()
    assert told.wait(20)
    server.start()
    boot.join(60)
    assert results and results[0].success, results
    assert toy.types().count("outage") == 1


def test_a_database_that_never_comes_is_an_error_after_the_limit(tmp_path: Path) -> None:
    """The error has the advice for this database, and no password."""
    toy = Toy(tmp_path, "postgresql+psycopg2://me:sesame@127.0.0.1:1/never_there").with_revisions()
    initializer = toy.initializer(wait_limit="500ms")
    before = {note.id for note in initializer.site.spool.waiting()}
    result = initializer.initialize()
    left = [note for note in initializer.site.spool.waiting() if note.id not in before]
    initializer.site.spool.drop([note.id for note in left])
    assert [note.type for note in left] == ["outage"]
    assert "connection-refused" in result.errors[0]
    assert "sesame" not in result.errors[0]


def test_a_reader_sees_ready_and_otherwise_waits_for_others(
    server: PostgresServer, postgresql_url: str, tmp_path: Path
) -> None:
    """A session that cannot write looks and judges, and never works."""
    toy = Toy(tmp_path, postgresql_url).with_revisions()
    reading = make_url(postgresql_url).update_query_dict({"options": "-c default_transaction_read_only=on"})
    reader = Toy(tmp_path, reading.render_as_string(hide_password=False))
    assert reader.initializer(wait_limit="300ms").attend().exit_code == 3
    assert toy.initializer().initialize().success
    assert reader.initializer(wait_limit="300ms").attend().exit_code == 0


def test_a_restored_backup_is_noticed(tmp_path: Path) -> None:
    """If the head is older than the one this process saw, the next run writes an event."""
    toy = Toy(tmp_path, f"sqlite:///{tmp_path / 'x.db'}").with_revisions().with_seeds()
    sqlite3.connect(tmp_path / "x.db").close()
    initializer = toy.initializer()
    initializer.initialize()
    shutil.copy(tmp_path / "x.db", tmp_path / "backup.db")
    toy.with_seeds(9)
    later = toy.initializer()
    later.initialize()
    shutil.copy(tmp_path / "backup.db", tmp_path / "x.db")
    assert later.initialize().success
    assert "history_rewound" in toy.types()
    assert toy.sql("SELECT count(*) FROM t1") == [(9,)]


def test_a_missing_trigger_stops_the_work(toy: Toy) -> None:
    """Nothing is written to a journal without its guards."""
    toy.initializer().initialize()
    on = "" if toy.url.startswith("sqlite") else " ON init_journal"
    toy.sql(f"DROP TRIGGER init_journal_append{on}")
    toy.with_seeds(8)
    before = toy.types()
    result = toy.initializer().initialize()
    assert "journal-trigger-missing" in result.errors[0]
    assert toy.types() == before


def test_another_applications_journal_is_refused(toy: Toy) -> None:
    """Two applications in one database have two journals."""
    toy.initializer().initialize()
    result = toy.initializer(application="other").initialize()
    assert "journal-of-another-application" in result.errors[0]


def test_a_crash_loop_ends(toy: Toy) -> None:
    """It ends after a number of runs of the same code that died without progress. A person's resume begins
    again."""
    from tests.support.crash import killed_after

    for _ in range(4):
        killed_after(toy, "database_inspected")
    result = toy.initializer(attempts=3).initialize()
    assert "crash-loop" in result.errors[0]
    assert toy.types()[-1] == "step_failed"
    before = toy.types()
    assert "crash-loop" in toy.initializer(attempts=3).initialize().errors[0]
    assert toy.types() == before
    resumed = toy.initializer(attempts=3).resume()
    assert resumed.success, resumed.errors
