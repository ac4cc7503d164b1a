"""The unit of work at its limits: waiting for the head, its messages, and the fields of an entry."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from initdb.errors import InitError
from initdb.events import snapshot
from initdb.events.clock import Clock
from initdb.events.database import database_of
from initdb.events.entry import Entry
from initdb.events.head import BatonLost, CommitInDoubt, ConnectionLost, HeadBusy, HeadMoved, NoJournal
from initdb.events.journal import Journal
from initdb.events.sessions import session
from initdb.events.spool import Note
from initdb.events.statements import driver
from initdb.events.upcast import CURRENT
from initdb.statemachine.decide.fold import fold
from initdb.statemachine.loop.signals import Stopped, Stopper
from initdb.statemachine.loop.writer import PATIENCE, Writer, lost
from tests.events.journals import append_committed, begin, commit, make, rollback
from tests.statemachine.attendances import NO_TABLE, Shutdown
from tests.statemachine.test_unit import _without_guards
from tests.support.said import said

NOW = datetime(2026, 11, 23, 8, 6, 41, 218903, UTC)


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """The session of the work, on a journal of one entry."""
    make(engine)
    with session(engine) as opened:
        yield opened


@pytest.fixture
def writer(connection: Connection) -> Writer:
    """A writer that knows the whole journal."""
    journal = Journal("main" if connection.dialect.name == "sqlite" else "public", "shop")
    known = fold(journal.read(connection))
    rollback(connection)
    clock = Clock(now=lambda: NOW)
    return Writer(journal, known, "run-1", {"pid": 1}, clock, lambda: True)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses, which are not slept."""
    slept: list[float] = []
    monkeypatch.setattr(Stopper, "pause", lambda self, seconds: slept.append(seconds))
    return slept


def _busy(monkeypatch: pytest.MonkeyPatch, times: int = 10**6) -> list[float | None]:
    """The head is locked for a number of attempts. Gives what they were asked with."""
    asked: list[float | None] = []
    real = Journal.lock_head

    def lock_head(self: Journal, connection: Connection, lock_timeout: float | None = None) -> Any:
        asked.append(lock_timeout)
        if len(asked) <= times:
            raise HeadBusy
        return real(self, connection, lock_timeout)

    monkeypatch.setattr(Journal, "lock_head", lock_head)
    return asked


def test_a_head_is_asked_for_more_and_more_slowly(
    writer: Writer, connection: Connection, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pauses grow from 20 ms to half a second. Each attempt has the lock's timeout."""
    writer.lock_timeout = 1.5
    asked = _busy(monkeypatch, 10)
    with writer.open(connection):
        assert writer.head is not None and writer.head.seq == 1
        writer.commit(connection, said("run_started"))
    expected = [0.02, 0.03, 0.045, 0.0675, 0.10125, 0.151875, 0.2278125, 0.34171875, 0.5, 0.5]
    assert pauses == pytest.approx(expected)
    assert asked == [1.5] * 11


def test_a_head_is_given_up_after_a_minute(
    writer: Writer, connection: Connection, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the clock, whatever the limit of the setting is."""
    writer.patience = 1000.0
    writer.clock = Clock(now=lambda: NOW, monotonic=lambda: sum(pauses))
    _busy(monkeypatch)
    with pytest.raises(HeadBusy) as busy:
        writer.begin(connection)
    assert busy.value.waited == sum(pauses)
    assert PATIENCE == 60.0
    assert PATIENCE < sum(pauses) <= PATIENCE + 0.5
    assert not database_of(connection).in_transaction(connection)


@pytest.mark.parametrize("why", ["hurried", "baton"])
def test_who_has_no_time_gives_the_head_up_at_once(
    writer: Writer, connection: Connection, pauses: list[float], monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    """The process is to end, or another one works by now."""
    asked = _busy(monkeypatch)
    answers = iter([True, why != "baton"])
    writer.alive = lambda: next(answers)
    writer.stopper = Stopper(last_word=why == "hurried")
    with pytest.raises(HeadBusy):
        writer.begin(connection)
    assert (pauses, len(asked)) == ([], 1)


def test_a_signal_ends_the_wait_for_the_head(
    writer: Writer, connection: Connection, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for once."""

    def signalled(*_: object) -> None:
        writer.stopper.signum = 15
        raise HeadBusy

    monkeypatch.setattr(Journal, "lock_head", signalled)
    with pytest.raises(Stopped):
        writer.begin(connection)
    assert pauses == []


@pytest.mark.parametrize(
    ("newer", "context"),
    [
        ({"version": CURRENT + 1}, f"state 'unknown', events of version {CURRENT + 1}"),
        ({"state": "compressed"}, f"state 'compressed', events of version {CURRENT}"),
    ],
)
def test_what_is_newer_is_named(
    writer: Writer, connection: Connection, newer: dict[str, Any], context: str
) -> None:
    """The error names the state and the version of the events."""
    writer.knowledge = replace(writer.knowledge, **newer)
    with pytest.raises(InitError) as error:
        writer.begin(connection)
    assert (error.value.reference, error.value.context) == ("journal-newer", (context,))


def test_a_head_that_is_not_the_last_entrys(writer: Writer, connection: Connection) -> None:
    """The error names the database, and the transaction is over."""
    begin(connection)
    _without_guards(connection, "UPDATE init_journal_head SET seq = 7")
    commit(connection)
    with pytest.raises(InitError) as error:
        writer.begin(connection)
    assert error.value.database == connection.dialect.name
    assert not database_of(connection).in_transaction(connection)


def test_what_is_waited_for_can_be_cancelled(writer: Writer, connection: Connection) -> None:
    """The stopper knows the driver's connection."""
    with writer.open(connection):
        assert writer.stopper._driver is driver(connection)
        writer.commit(connection, said("run_started"))


class Left(BaseException):
    """Stands in for the end of a process."""


@pytest.mark.parametrize(
    "act",
    [
        lambda writer, connection: writer.begin(connection),
        lambda writer, connection: writer.commit(connection, said("run_started")),
        lambda writer, connection: writer.rollback(connection),
    ],
)
def test_a_forked_child_leaves_the_unit_alone(
    writer: Writer,
    connection: Connection,
    act: Callable[[Writer, Connection], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It shares the connection with its parent."""

    def leave(code: int) -> None:
        raise Left

    with monkeypatch.context() as patch:
        patch.setattr(os, "_exit", leave)
        writer.process += 1
        with pytest.raises(Left):
            act(writer, connection)
        writer.process -= 1
    with writer.open(connection):
        writer.commit(connection, said("run_started"))


def test_what_an_entry_carries(writer: Writer, connection: Connection) -> None:
    """It has the run, the time, the process, and the attempt."""
    seen: list[Entry] = []
    writer.observe = seen.append
    for event in (
        said("run_started", {"code": {"m": "a"}}),
        said("outage"),
        said("outage", {"attempt": 7}),
        said("outage", {"attempt": "7"}),
    ):
        with writer.open(connection):
            writer.commit(connection, event)
    assert [one.attempt for one in seen] == [1, 1, 7, 1]
    assert {(one.run, one.at) for one in seen} == {("run-1", "2026-11-23T08:06:41.218903Z")}
    assert all(one.by == {"pid": 1} for one in seen)
    assert [one.seq for one in seen] == [2, 3, 4, 5]


def test_tries_without_progress_are_counted(writer: Writer, connection: Connection) -> None:
    """The count is that of the knowledge when the entry is written."""
    writer.knowledge = replace(writer.knowledge, tries=4)
    seen: list[Entry] = []
    writer.observe = seen.append
    with writer.open(connection):
        writer.commit(connection, said("outage"))
    assert seen[0].attempt == 4


def test_a_snapshot_is_told_to_nobody(
    writer: Writer, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It follows in the same transaction. A note that claims to be a snapshot does not enter."""
    monkeypatch.setattr(snapshot, "EACH", 2)
    seen: list[str] = []
    writer.observe = lambda entry: seen.append(entry.type)
    writer.notes = lambda: (Note("a", "snapshot", "t", {}), Note("b", "outage", "t", {}))
    with writer.open(connection):
        writer.commit(connection, said("run_started"))
    assert seen == ["outage", "run_started"]
    types = [entry.type for entry in writer.journal.read(connection)]
    assert types == ["journal_created", "outage", "snapshot", "run_started", "snapshot"]
    assert writer.knowledge.notes == {"b"} and writer.knowledge.seq == 5


def test_whether_a_commit_may_take_its_time(
    writer: Writer, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stopper decides."""
    here = database_of(connection)
    asked: list[bool] = []
    real = here.commit

    def commit(connection: Connection, hurried: Callable[[], bool] = bool) -> None:
        asked.append(hurried())
        writer.stopper.signum = 15
        asked.append(hurried())
        real(connection)

    monkeypatch.setattr(here, "commit", commit)
    with writer.open(connection):
        writer.commit(connection, said("run_started"))
    assert asked == [False, True]


@pytest.mark.parametrize(
    ("error", "raised"), [(ConnectionResetError(), CommitInDoubt), (ValueError(), ValueError)]
)
def test_a_commit_that_fails(
    writer: Writer,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    raised: type[Exception],
) -> None:
    """Without an answer it is in doubt. The knowledge does not change, and the watcher is not called."""
    before, seen = writer.knowledge, list[Entry]()
    writer.observe = seen.append

    def commit(connection: Connection, hurried: Callable[[], bool] = bool) -> None:
        raise error

    monkeypatch.setattr(database_of(connection), "commit", commit)
    with pytest.raises(raised), writer.open(connection):
        writer.commit(connection, said("run_started"))
    assert writer.knowledge is before and seen == []


def test_a_journal_that_is_dropped_meanwhile(writer: Writer, connection: Connection) -> None:
    """Only the step itself can have dropped it, since the head was locked."""
    with pytest.raises(InitError) as error, writer.open(connection):
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("DROP TABLE init_journal CASCADE")
        else:
            connection.exec_driver_sql("DROP TABLE init_journal")
        writer.commit(connection, said("run_started"))
    assert (error.value.reference, error.value.database) == ("journal-dropped", connection.dialect.name)


def test_without_a_journal_no_transaction_stays_open(writer: Writer, connection: Connection) -> None:
    """The head cannot be locked."""
    writer.journal = replace(writer.journal, schema="elsewhere")
    with pytest.raises(NoJournal):
        writer.begin(connection)
    assert not database_of(connection).in_transaction(connection)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_append_that_meets_a_lock_is_tried_again(
    writer: Writer, connection: Connection, engine: Engine
) -> None:
    """A backup or a person has locked the table of the entries, but not the head."""
    writer.lock_timeout = 0.1
    with engine.begin() as other:
        other.exec_driver_sql("LOCK TABLE init_journal IN SHARE MODE")
        with pytest.raises(HeadBusy), writer.open(connection):
            writer.commit(connection, said("run_started"))


def test_an_append_that_is_refused_is_not_hidden(
    writer: Writer, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an error of its own, without what the driver said: the step at work is not at fault."""

    def append(*_: object) -> None:
        raise sqlite3.IntegrityError("no")

    monkeypatch.setattr(Journal, "append", append)
    with pytest.raises(InitError) as caught, writer.open(connection):
        writer.commit(connection, said("run_started"))
    assert (caught.value.reference, caught.value.context) == ("entry-refused", ("The driver refused it",))


def test_an_undo_never_fails(writer: Writer, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the connection is lost, everything is rolled back already."""

    def gone(*_: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(database_of(connection), "rollback", gone)
    writer.rollback(connection)


def test_the_baton_is_looked_at_before_anything_is_opened(
    writer: Writer, connection: Connection, engine: Engine
) -> None:
    """A head that has moved is noticed afterwards."""
    writer.alive = lambda: False
    with pytest.raises(BatonLost):
        writer.begin(connection)
    assert not database_of(connection).in_transaction(connection)
    writer.alive = lambda: True
    append_committed(writer.journal, engine)
    with pytest.raises(HeadMoved):
        writer.begin(connection)
    assert not database_of(connection).in_transaction(connection)


def test_how_an_error_of_the_connection_is_told(connection: Connection) -> None:
    """It is gone, or the journal is not there; whatever else it is stays as it is."""
    with pytest.raises(ConnectionLost), lost(connection):
        raise Shutdown
    with pytest.raises(NoJournal), lost(connection):
        raise NO_TABLE
    with pytest.raises(ValueError, match="other"), lost(connection):
        raise ValueError("other")
