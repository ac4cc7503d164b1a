"""Another process keeps a lock for longer than wait_limit: a boot ends in time, and names that process."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import NullPool, create_engine, make_url

from initdb.statemachine.loop.attend import Outcome
from tests.support.boot import Boot, Gate
from tests.support.settled import assert_settled
from tests.support.toy import Toy
from tests.support.waiting import wait_until

LIMIT = 2.0
IN_TIME = LIMIT + 3.0
"""Seconds until a boot must have ended; a look takes a second, and this machine may be busy."""

SQLITE = """
import sqlite3, sys, os
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute(sys.argv[2])
print(os.getpid(), flush=True)
sys.stdin.read()
"""

POSTGRESQL = """
import psycopg2, sys
connection = psycopg2.connect(sys.argv[1], application_name="locker")
connection.cursor().execute(sys.argv[2])
print(connection.info.backend_pid, flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def _locked(toy: Toy, statement: str, suffix: str = "") -> Iterator[int]:
    """Another process that has sent `statement` and holds what it got; gives what the database calls it."""
    url = make_url(toy.url)
    words = [SQLITE, f"{url.database}{suffix}"]
    if url.get_backend_name() == "postgresql":
        words = [POSTGRESQL, url.set(drivername="postgresql").render_as_string(hide_password=False)]
    with subprocess.Popen(
        [sys.executable, "-c", *words, statement], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None and other.stdin is not None
        yield int(other.stdout.readline())
        other.stdin.close()


def _given_up(boot: Boot) -> Outcome:
    """How it ended, which must be in time."""
    began = time.monotonic()
    outcome = boot.end()
    lasted = time.monotonic() - began
    assert lasted < IN_TIME, (lasted, boot.said[-2:])
    return outcome


def _names(outcome: Outcome, pid: int, what: str = "") -> None:
    assert outcome.error is not None and outcome.error.reference == "wait-limit", outcome
    (said,) = outcome.error.context
    assert f"process {pid} (" in said and what in said, said


def _pending(toy: Toy) -> Toy:
    """It was ready once, and has a revision more."""
    assert toy.initializer().initialize().success
    toy.tables = 4
    toy.with_revisions()
    return toy


@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
@pytest.mark.parametrize("journal_mode", ["wal", "delete"])
def test_a_file_that_another_process_writes(sqlite_toy: Toy, journal_mode: str, lock: str) -> None:
    """Whether it keeps readers out or not."""
    toy = _pending(sqlite_toy)
    toy.sql(f"PRAGMA journal_mode = {journal_mode}")
    with _locked(toy, lock) as pid:
        _names(_given_up(Boot(toy, wait_limit=f"{LIMIT}s")), pid, "test.db is locked by")
    assert toy.initializer().initialize().success
    assert_settled(toy, tables=4)


@pytest.mark.parametrize("first", [False, True])
def test_the_baton_is_kept(toy: Toy, first: bool) -> None:
    """By a process that says nothing of itself in the journal."""
    if not first:
        _pending(toy)
    key = toy.initializer().look().journal.key("baton")
    suffix, statement = ("-initdb", "BEGIN IMMEDIATE")
    if not toy.url.startswith("sqlite"):
        suffix, statement = "", f"SELECT pg_advisory_xact_lock({key})"
    with _locked(toy, statement, suffix) as pid:
        outcome = _given_up(Boot(toy, wait_limit=f"{LIMIT}s"))
        _names(outcome, pid, "is at work, and has written nothing yet")


@pytest.mark.parametrize("table", ["init_journal", "init_journal_head", "alembic_version", "t1"])
def test_a_table_that_is_locked(postgresql_toy: Toy, table: str) -> None:
    """Of the journal, Alembic's, or one whose definition has to be read."""
    toy = _pending(postgresql_toy)
    with _locked(toy, f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE") as pid:
        _names(_given_up(Boot(toy, wait_limit=f"{LIMIT}s")), pid, f"{table} is locked by")
    assert toy.initializer().initialize().success
    assert_settled(toy, tables=4)


def test_the_lock_of_a_first_boot(postgresql_toy: Toy) -> None:
    """Where there is no journal yet, an advisory lock stands for its head."""
    key = postgresql_toy.initializer().look().journal.key("first")
    with _locked(postgresql_toy, f"SELECT pg_advisory_xact_lock({key})") as pid:
        _names(_given_up(Boot(postgresql_toy, wait_limit=f"{LIMIT}s")), pid)
    assert postgresql_toy.initializer().initialize().success
    assert_settled(postgresql_toy)


@pytest.mark.parametrize("what", ["alembic_version", "init_journal_head"])
def test_a_lock_of_a_prepared_transaction(postgresql_toy: Toy, what: str) -> None:
    """It has no process. The error has the statement that ends it."""
    toy = _pending(postgresql_toy)
    engine = create_engine(toy.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    lock = f"LOCK TABLE {what} IN ACCESS EXCLUSIVE MODE"
    with engine.connect() as connection:
        for statement in ("BEGIN", lock, "PREPARE TRANSACTION 'left behind'"):
            connection.exec_driver_sql(statement)
        error = _given_up(Boot(toy, wait_limit=f"{LIMIT}s")).error
        assert error is not None and error.reference == "wait-limit"
        assert "the prepared transaction 'left behind' (user " in error.context[0]
        connection.exec_driver_sql(error.context[0].partition("to end it: ")[2])
    assert toy.initializer().initialize().success
    assert_settled(toy, tables=4)


@pytest.mark.parametrize("table", ["init_journal", "init_journal_head"])
def test_a_journal_that_is_locked_in_the_middle(postgresql_toy: Toy, table: str) -> None:
    """While a revision thinks. The run waits no longer than one that has not begun; the next boot goes on."""
    toy, limit = postgresql_toy, 2 * LIMIT
    gate = Gate(toy)
    boot = Boot(toy, wait_limit=f"{limit}s", lock_timeout="500ms")
    assert gate.reached()
    wanted = f"SELECT FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = '{table}'::regclass"

    def opens() -> None:
        wait_until(lambda: bool(toy.sql(wanted)))
        gate.open()

    threading.Thread(target=opens).start()
    with _locked(toy, f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE") as pid:
        began = time.monotonic()
        outcome = boot.end()
        assert time.monotonic() - began < limit + LIMIT + 1, boot.said
        assert outcome.error is not None and outcome.error.passing
        assert any(f"process {pid} (locker" in why for why in boot.said), boot.said
    assert toy.initializer().initialize().success
    assert_settled(toy)


@pytest.mark.parametrize("mode", ["work", "wait"])
def test_a_process_that_was_killed_is_not_at_work(toy: Toy, mode: str) -> None:
    """kill -9 in the middle of a revision: whoever waits for others says that it is gone."""
    gate = Gate(toy)
    child = os.fork()
    if child == 0:
        os._exit(toy.initializer().initialize().exit_code)
    assert gate.reached()
    with contextlib.ExitStack() as after:
        waiter = Boot(toy, mode="wait", wait_limit="20s")
        assert waiter.waits(f"(process {child}) is at work on migrate")
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert waiter.waits(f"no process is at work: toy on {socket.gethostname()} (process {child}) is gone")
        after.callback(waiter.end)
        told = len(waiter.said)
        if mode == "work":
            gate.open()
            Boot(toy).is_ready()
        else:
            assert _given_up(Boot(toy, mode="wait", wait_limit="1s")).exit_code == 3
            gate.open()
            assert toy.initializer().initialize().success
    assert not any(f"(process {child}) is at work" in why for why in waiter.said[told:])
    assert_settled(toy)
