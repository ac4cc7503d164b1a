"""The baton at its limits: the errors, what they leave behind, and which thread may ask and release."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine

from initdb.events.baton import try_baton
from initdb.events.head import HeadMoved
from initdb.events.journal import Journal
from initdb.events.postgresql import POSTGRESQL
from initdb.events.sessions import session
from initdb.events.side_file import SIDE_SUFFIX
from tests.events.journals import append_committed, make, schema_of

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def test_another_thread_may_give_it_back(engine: Engine) -> None:
    """A server may begin its boot in one thread and end it in another."""
    journal = make(engine)
    baton = try_baton(engine, journal)
    assert baton is not None
    said: list[bool] = []

    def end() -> None:
        said.append(baton.alive())
        baton.release()

    thread = threading.Thread(target=end)
    thread.start()
    thread.join()
    assert said == [True]
    again = try_baton(engine, journal)
    assert again is not None
    again.release()


@ON_SQLITE
def test_a_baton_that_was_given_back_is_not_alive(engine: Engine) -> None:
    """Others may have it by then."""
    baton = try_baton(engine, Journal("main", "shop"))
    assert baton is not None and baton.alive()
    baton.release()
    assert not baton.alive()


def test_the_answer_comes_at_once(engine: Engine) -> None:
    """No process waits for the baton here."""
    journal = make(engine)
    held = try_baton(engine, journal)
    assert held is not None
    begun = time.monotonic()
    for _ in range(3):
        assert try_baton(engine, journal) is None
    assert time.monotonic() - begun < 2
    held.release()


@ON_SQLITE
def test_a_side_file_that_is_there_keeps_its_mode_and_owner(engine: Engine, tmp_path: Path) -> None:
    """Only a new side file gets the mode and owner of the database's file."""
    main, beside = tmp_path / "test.db", tmp_path / f"test.db{SIDE_SUFFIX}"
    for file, mode in ((main, 0o660), (beside, 0o606)):
        file.touch()
        file.chmod(mode)
    if os.geteuid() == 0:
        os.chown(main, 1234, 4321)
    before = beside.stat()
    baton = try_baton(engine, Journal("main", "shop"))
    assert baton is not None
    after = beside.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    baton.release()


@ON_SQLITE
def test_an_owner_that_cannot_be_given_is_no_error(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only root may change the owner of a file."""
    (tmp_path / "test.db").touch()

    def denied(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "fchown", denied)
    baton = try_baton(engine, Journal("main", "shop"))
    assert baton is not None and baton.alive()
    baton.release()


@ON_POSTGRESQL
def test_a_head_that_has_moved_since_is_noticed(engine: Engine) -> None:
    """The number or the hash differs. Then the lock is not taken, and the session is closed."""
    journal = make(engine)
    with session(engine) as connection:
        seq, digest = journal.last(connection)
    for since in ((seq + 1, digest), (seq, "0" * 64)):
        with pytest.raises(HeadMoved):
            try_baton(engine, journal, since)
    baton = try_baton(engine, journal, (seq, digest))
    assert baton is not None
    append_committed(journal, engine)
    baton.release()
    with pytest.raises(HeadMoved):
        try_baton(engine, journal, (seq, digest))


@ON_POSTGRESQL
@pytest.mark.parametrize("how", ["refused", "moved", "released"])
def test_no_session_stays(engine: Engine, how: str) -> None:
    """The session is closed if another process has the baton, and after the release."""
    journal = make(engine)
    held = try_baton(engine, journal)
    assert held is not None
    if how == "refused":
        assert try_baton(engine, journal) is None
    elif how == "moved":
        with pytest.raises(HeadMoved):
            try_baton(engine, journal, (9, ""))
    mine = held.backend()
    if how == "released":
        held.release()
        mine = None
    query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with session(engine) as connection:
        for _ in range(100):
            found = connection.exec_driver_sql(query).scalars().all()
            if found == ([mine] if mine else []):
                break
            connection.exec_driver_sql("SELECT pg_sleep(0.02), pg_stat_clear_snapshot()")
    assert found == ([mine] if mine else [])
    held.release()


@ON_POSTGRESQL
def test_its_transaction_has_the_settings_of_a_unit(engine: Engine) -> None:
    """So it does not time out, and it ends with its process. Once it was asked, it has a name."""
    baton: Any = try_baton(engine, Journal(schema_of(engine), "shop"))
    connection = baton._connection
    for name, value in POSTGRESQL.settings(connection).items():
        if not name.startswith("tcp_"):
            assert connection.exec_driver_sql(f"SHOW {name}").scalar() == value
    assert baton.alive()
    assert connection.exec_driver_sql("SHOW application_name").scalar() == "initdb baton"
    baton.release()


@ON_POSTGRESQL
def test_what_is_no_loss_is_an_error(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the baton cannot be asked for another reason, it is not called lost."""
    baton: Any = try_baton(engine, Journal(schema_of(engine), "shop"))

    def refuse(*_: object) -> None:
        raise ValueError("no")

    with monkeypatch.context() as patch:
        patch.setattr(baton._connection, "exec_driver_sql", refuse)
        with pytest.raises(ValueError):
            baton.alive()
    baton.release()


def test_in_memory_it_is_always_had() -> None:
    """There is no other process. A release does nothing."""
    baton = try_baton(create_engine("sqlite://"), Journal("main", "shop"))
    assert baton is not None
    baton.release()
    assert baton.alive() and baton.backend() is None


@ON_SQLITE
def test_to_give_it_back_never_fails(engine: Engine) -> None:
    """The process is at its end, or goes on without it."""
    baton: Any = try_baton(engine, Journal("main", "shop"))
    os.close(baton._lock.descriptors[0])
    baton.release()
    again = try_baton(engine, Journal("main", "shop"))
    assert again is not None
    again.release()


@ON_POSTGRESQL
def test_its_lock_has_the_key_of_the_journal(engine: Engine) -> None:
    """Another version that asks for it does not get it."""
    journal = make(engine)
    baton = try_baton(engine, journal)
    assert baton is not None
    with engine.connect() as other:
        ask = f"SELECT pg_try_advisory_lock({journal.key('baton')})"
        assert other.exec_driver_sql(ask).scalar() is False
    baton.release()
