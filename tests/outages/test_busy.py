"""Somebody reads a SQLite file while a boot commits."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import make_url

from initdb.events import sqlite
from initdb.events.entry import Entry
from tests.outages.conftest import outages
from tests.support.boot import Boot
from tests.support.settled import assert_settled
from tests.support.toy import Toy, table_up
from tests.support.waiting import wait_until


@contextlib.contextmanager
def _read_from(toy: Toy, revision: str) -> Iterator[tuple[sqlite3.Connection, Boot]]:
    """A boot, and a transaction that has read the file since `revision` was applied."""
    toy.url += "?timeout=0.02"
    file = make_url(toy.url).database or ""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as reader:

        def watch(entry: Entry) -> None:
            if entry.data.get("revision") == revision and not reader.in_transaction:
                reader.execute("BEGIN")
                reader.execute("SELECT * FROM t1").fetchall()

        yield reader, Boot(toy, watch=watch)


def _is_committing(toy: Toy) -> bool:
    """Whether somebody waits to commit: SQLite then lets no new reader in."""
    with contextlib.closing(sqlite3.connect(make_url(toy.url).database or "", timeout=0)) as other:
        try:
            other.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except sqlite3.OperationalError:
            return True
    return False


_READS = """
import sqlite3, sys
sqlite3.connect(sys.argv[1], timeout=0).execute("SELECT count(*) FROM sqlite_schema").fetchone()
"""


def _shuts_out(toy: Toy) -> bool:
    """The same as a new process sees it; one that reads already is let in."""
    command = [sys.executable, "-c", _READS, make_url(toy.url).database or ""]
    return subprocess.run(command, capture_output=True, check=False).returncode == 1


def test_a_reader_while_a_boot_commits(sqlite_toy: Toy) -> None:
    """With a rollback journal COMMIT waits for readers, also for longer than the driver's busy timeout."""
    toy = sqlite_toy
    toy.sql("PRAGMA journal_mode = delete", "CREATE TABLE other (id)")
    with _read_from(toy, "r1") as (reader, boot):
        assert boot.sees(lambda: reader.in_transaction and _is_committing(toy))
        reader.execute("ROLLBACK")
        boot.is_ready()
    assert "run_continued" not in boot.events
    assert_settled(toy)


def test_a_reader_that_reads_on(sqlite_toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than COMMIT is retried: the step is rolled back, so that others may read, and repeated later."""
    monkeypatch.setattr(sqlite, "COMMIT_PATIENCE", 0.1)
    toy = sqlite_toy
    toy.sql("PRAGMA journal_mode = delete", "CREATE TABLE other (id)")
    with _read_from(toy, "r1") as (reader, boot):
        assert boot.waits("did not get a lock in time")
        reader.execute("ROLLBACK")
        boot.is_ready()
    assert boot.events.count("run_continued") == 1
    (outage,) = outages(assert_settled(toy))
    assert outage["reference"] == "lock-timeout"


def test_a_stop_while_a_boot_commits(sqlite_toy: Toy) -> None:
    """SIGTERM does not wait for a reader, because its sender will not wait for long. No event is written."""
    toy = sqlite_toy
    toy.sql("PRAGMA journal_mode = delete", "CREATE TABLE other (id)")
    begun, read = toy.folder / "begun", toy.folder / "read"
    toy.revision(
        2,
        f"    import pathlib, time\n    pathlib.Path({str(begun)!r}).touch()\n"
        f"    while not pathlib.Path({str(read)!r}).exists():\n        time.sleep(0.01)\n{table_up(2)}",
    )
    toy.url += "?timeout=0.02"
    child = os.fork()
    if child == 0:
        os._exit(toy.initializer().attend(host=True).exit_code)
    assert wait_until(begun.exists)
    with contextlib.closing(
        sqlite3.connect(make_url(toy.url).database or "", isolation_level=None)
    ) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM t1").fetchall()
        read.touch()
        assert wait_until(lambda: _shuts_out(toy))
        os.kill(child, signal.SIGTERM)
        signalled = time.monotonic()
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 128 + signal.SIGTERM
        assert time.monotonic() - signalled < sqlite.COMMIT_PATIENCE / 6
    assert toy.types()[-1] == "migration_applied"
    assert toy.initializer().initialize().success
    assert toy.types().count("run_resumed") == 1
    assert_settled(toy)


def test_a_reader_of_a_write_ahead_log(sqlite_toy: Toy) -> None:
    """There readers and the writer do not wait for each other."""
    toy = sqlite_toy
    toy.sql("PRAGMA journal_mode = wal", "CREATE TABLE other (id)")
    with _read_from(toy, "r1") as (_, boot):
        boot.is_ready()
    assert "run_continued" not in boot.events
    assert_settled(toy)
