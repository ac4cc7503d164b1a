"""Somebody reads a SQLite file while a boot commits."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import make_url

from initdb.events import sqlite
from initdb.events.entry import Entry
from tests.outages.conftest import outages
from tests.support.boot import Boot
from tests.support.settled import assert_settled
from tests.support.toy import Toy


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


def test_a_reader_while_a_boot_commits(sqlite_toy: Toy) -> None:
    """With a rollback journal COMMIT waits for readers, also for longer than the driver's busy timeout."""
    toy = sqlite_toy
    toy.sql("PRAGMA journal_mode = delete", "CREATE TABLE other (id)")
    with _read_from(toy, "r1") as (reader, boot):
        assert boot.sees(lambda: reader.in_transaction and _is_committing(toy))
        reader.execute("ROLLBACK")
        boot.is_ready()
    assert "run_resumed" not in boot.events
    assert_settled(toy)


def test_a_reader_that_reads_on(sqlite_toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than COMMIT is tried: the step is undone, so that others may read, and done anew later."""
    monkeypatch.setattr(sqlite, "COMMIT_PATIENCE", 0.1)
    toy = sqlite_toy
    toy.sql("PRAGMA journal_mode = delete", "CREATE TABLE other (id)")
    with _read_from(toy, "r1") as (reader, boot):
        assert boot.waits("was not given in time")
        reader.execute("ROLLBACK")
        boot.is_ready()
    assert boot.events.count("run_resumed") == 1
    (outage,) = outages(assert_settled(toy))
    assert outage["reference"] == "lock-timeout"


def test_a_reader_of_a_write_ahead_log(sqlite_toy: Toy) -> None:
    """There readers and the writer do not wait for each other."""
    toy = sqlite_toy
    toy.sql("PRAGMA journal_mode = wal", "CREATE TABLE other (id)")
    with _read_from(toy, "r1") as (_, boot):
        boot.is_ready()
    assert "run_resumed" not in boot.events
    assert_settled(toy)
