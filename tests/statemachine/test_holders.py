"""Which process holds the baton, when it can be taken from it, and what is said if it cannot."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import psycopg2
import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError

from initdb.errors import InitError
from initdb.events.baton import try_baton
from initdb.events.clock import Clock
from initdb.events.journal import Journal
from initdb.events.knowledge import RunRecord
from initdb.events.sessions import session
from initdb.events.side_file import SIDE_SUFFIX, is_locked
from initdb.statemachine.loop import holder, take_over
from tests.events.journals import begin, commit, make
from tests.statemachine.test_take_over import HOLD

HERE = socket.gethostname()
BEGAN = datetime(2026, 11, 23, 8, 6, 41, tzinfo=UTC)


@dataclass
class Hand:
    """A clock that only pauses move."""

    now: float = 100.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> Clock:
        return Clock(monotonic=lambda: self.now, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_what_holds_is_not_waited_for() -> None:
    """There is no pause at all."""
    hand = Hand()
    assert take_over._until(lambda: True, hand.clock(), 5.0)
    assert hand.slept == []


def test_what_never_holds_is_given_up_after_its_time() -> None:
    """The question is asked twenty times a second."""
    hand = Hand()
    assert not take_over._until(lambda: False, hand.clock(), 1.0)
    assert set(hand.slept) == {0.05} and sum(hand.slept) == pytest.approx(1.05)


def test_what_holds_in_the_end_is_noticed() -> None:
    """The third answer is yes."""
    answers, hand = iter([False, False, True]), Hand()
    assert take_over._until(lambda: next(answers), hand.clock(), 1.0)
    assert len(hand.slept) == 2


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ({"pid": 1, "host": HERE}, "the journal does not say who holds the baton"),
        ({"pid": "7", "host": HERE}, "the journal does not say who holds the baton"),
        ({"host": HERE}, "the journal does not say who holds the baton"),
        ({"pid": 7, "host": "away"}, f"the process at work runs on away, this is {HERE}"),
        ({"pid": 7}, f"the process at work runs on None, this is {HERE}"),
        ({"pid": 7, "host": HERE}, "process 7 is not the one that holds x.db-initdb any more"),
        ({"pid": 2, "host": HERE}, "process 2 is not the one that holds x.db-initdb any more"),
    ],
)
def test_whom_it_is_not_taken_from(by: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exact reason is asserted, since a person acts on it."""
    seen: list[int] = []

    def looked_at(pid: int, file: Path, run: RunRecord) -> None:
        seen.append(pid)

    monkeypatch.setattr(take_over, "_holder", looked_at)
    with pytest.raises(InitError) as error:
        take_over._certain(Path("x.db-initdb"), RunRecord("run", 1, "t", by))
    assert (error.value.reference, error.value.context) == ("take-over-refused", (said,))
    assert error.value.database == "sqlite"
    assert seen == ([by["pid"]] if "is not the one" in said else [])


def test_it_is_not_taken_from_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process has the id of one that died."""
    monkeypatch.setattr(take_over, "_holder", lambda *_: pytest.fail("looked at"))
    with pytest.raises(InitError, match=f"process {os.getpid()} is not the one"):
        take_over._certain(Path("x"), RunRecord("run", 1, "t", {"pid": os.getpid(), "host": HERE}))


def test_without_a_run_nobody_is_named() -> None:
    """The journal is empty or missing."""
    with pytest.raises(InitError) as error:
        take_over._certain(Path("x.db-initdb"), None)
    assert error.value.context == ("the journal does not say who holds the baton",)


def _process(file: Path, created: datetime) -> Callable[[int], Any]:
    def made(pid: int) -> Any:
        opened = [SimpleNamespace(path="/dev/null"), SimpleNamespace(path=str(file.resolve()))]
        return SimpleNamespace(pid=pid, create_time=created.timestamp, open_files=lambda: opened)

    return made


@pytest.mark.parametrize(("late", "found"), [(-60.0, True), (2.0, True), (2.5, False)])
def test_two_seconds_of_a_process_age_are_rounding(
    late: float, found: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that began later got the id of one that ended."""
    file = tmp_path / "x.db-initdb"
    monkeypatch.setattr(psutil, "Process", _process(file, BEGAN + timedelta(seconds=late)))
    holding = take_over._holder(7, file, RunRecord("run", 1, BEGAN.isoformat()))
    assert (holding is not None and holding.pid == 7) == found


def test_a_process_that_has_other_files_open_is_not_the_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its id and its age would fit."""
    monkeypatch.setattr(psutil, "Process", _process(tmp_path / "another", BEGAN))
    assert take_over._holder(7, tmp_path / "x.db-initdb", RunRecord("run", 1, BEGAN.isoformat())) is None


@dataclass
class Obeying:
    """A process that ends when it gets the last of these signals."""

    needs: signal.Signals | None
    pid: int = 41
    got: list[signal.Signals] = field(default_factory=list)

    def send_signal(self, signum: signal.Signals) -> None:
        self.got.append(signum)

    def is_locked(self, file: Path) -> bool:
        return self.needs not in self.got


@pytest.mark.parametrize(("needs", "waited"), [(signal.SIGTERM, 0.0), (signal.SIGKILL, 3.05)], ids=str)
def test_a_process_is_asked_before_it_is_killed(
    needs: signal.Signals, waited: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has its time to end between the two signals. The result says which signal ended it."""
    process, hand = Obeying(needs), Hand()
    monkeypatch.setattr(take_over, "_certain", lambda *_: process)
    monkeypatch.setattr(take_over, "is_locked", process.is_locked)
    assert take_over._end_process(Path("x"), None, hand.clock(), 3.0) == (f"process 41 ({needs.name})",)
    assert sum(hand.slept) == pytest.approx(waited)


def test_a_process_that_does_not_die_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """It got both signals, and both times have passed."""
    process, hand = Obeying(None), Hand()
    monkeypatch.setattr(take_over, "_certain", lambda *_: process)
    monkeypatch.setattr(take_over, "is_locked", process.is_locked)
    with pytest.raises(InitError) as error:
        take_over._end_process(Path("x"), None, hand.clock(), 3.0)
    assert error.value.context == ("process 41 was killed, but somebody still holds x",)
    assert (error.value.reference, error.value.database) == ("take-over-refused", "sqlite")
    assert process.got == [signal.SIGTERM, signal.SIGKILL]
    assert sum(hand.slept) == pytest.approx(3.05 + take_over.PATIENCE + 0.05)


def test_what_this_user_may_not_end_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the process by its id."""

    def denied(signum: int) -> None:
        raise psutil.AccessDenied(41)

    monkeypatch.setattr(take_over, "_certain", lambda *_: SimpleNamespace(pid=41, send_signal=denied))
    with pytest.raises(InitError) as error:
        take_over._end_process(Path("x"), None, Hand().clock(), 3.0)
    assert error.value.context == ("the system does not let this user look into process 41, or end it",)
    assert error.value.database == "sqlite"


def test_nobody_is_ended_where_nobody_holds_it(tmp_path: Path) -> None:
    """There is no file, the file is free, or the database is in memory."""
    engine = create_engine(f"sqlite:///{tmp_path / 'x.db'}")
    journal = Journal("main", "shop")
    assert take_over.take_over(engine, journal, None, Clock()) == ()
    (tmp_path / f"x.db{SIDE_SUFFIX}").touch()
    assert take_over.take_over(engine, journal, None, Clock()) == ()
    assert take_over.take_over(create_engine("sqlite://"), journal, None, Clock()) == ()


def test_whoever_holds_the_file_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the process of the last run, and has the given time to end."""
    engine = create_engine(f"sqlite:///{tmp_path / 'x.db'}")
    run, clock = RunRecord("run", 1, "t"), Clock()
    asked: list[Any] = []

    def end(*words: Any) -> tuple[str, ...]:
        asked.append(words)
        return ("process 41",)

    monkeypatch.setattr(take_over, "_end_process", end)
    baton = try_baton(engine, Journal("main", "shop"))
    assert baton is not None
    assert take_over.take_over(engine, Journal("main", "shop"), run, clock, 2.5) == ("process 41",)
    assert take_over.take_over(engine, Journal("main", "shop"), run, clock) == ("process 41",)
    file = tmp_path / f"x.db{SIDE_SUFFIX}"
    assert asked == [(file, run, clock, 2.5), (file, run, clock, take_over.GRACE)]
    baton.release()


def test_the_side_file_of_a_database(tmp_path: Path) -> None:
    """It is beside the database. A database in memory has none."""
    engine = create_engine(f"sqlite:///{tmp_path / 'x.db'}")
    assert holder.side_file(engine) == tmp_path / "x.db-initdb"
    assert holder.side_file(create_engine("sqlite://")) is None
    assert not holder.at_work(create_engine("sqlite://"), Journal("main", "shop"))


def test_a_file_is_locked_while_another_process_holds_it(tmp_path: Path) -> None:
    """The question leaves no lock, and makes no file."""
    file = tmp_path / "x.db-initdb"
    assert not is_locked(file) and not file.exists()
    file.touch()
    assert not is_locked(file)
    words = (sys.executable, "-c", HOLD, str(file))
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "holds\n"
        begun = time.monotonic()
        assert is_locked(file)
        assert time.monotonic() - begun < 0.9, "nobody waits for it"
        process.kill()
    assert not is_locked(file)


def test_who_is_at_work(engine: Engine) -> None:
    """A process is at work as long as it holds the baton. Other locks do not count."""
    journal = make(engine)
    assert not holder.at_work(engine, journal)
    baton = try_baton(engine, journal)
    assert baton is not None
    assert holder.at_work(engine, journal)
    assert not holder.at_work(engine, Journal(journal.schema, "billing")) or engine.dialect.name == "sqlite"
    baton.release()
    assert not holder.at_work(engine, journal)


@pytest.mark.parametrize("application", ["shop", "billing"])
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_sessions_of_a_run(engine: Engine, application: str) -> None:
    """They hold the baton or have locked the head, of this journal in this database only."""
    journal = make(engine, application=application)
    assert (journal.key("baton") < 0) == (application == "billing"), "a lock's key may be negative"
    baton = try_baton(engine, journal)
    assert baton is not None
    with session(engine) as looking, session(engine) as working:
        assert holder.backends(looking, journal) == (baton.backend(),)
        assert holder.backends(looking, Journal("public", "another")) == ()
        begin(working)
        assert holder.head_lockers(looking, journal) == ()
        journal.lock_head(working)
        pid = working.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        assert holder.head_lockers(looking, journal) == (pid,)
        assert holder.head_lockers(looking, Journal("elsewhere", application)) == ()
        assert take_over._lockers(looking, journal) == (baton.backend(), pid)
        assert holder.head_lockers(working, journal) == ()
        commit(working)
        assert holder.head_lockers(looking, journal) == ()
        journal.head(working)
        assert holder.head_lockers(looking, journal) == ()
    baton.release()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_sessions_of_a_run_are_ended(engine: Engine) -> None:
    """They are named. If no session has the baton, the one with the head is left alone."""
    journal = make(engine)
    with session(engine) as working:
        begin(working)
        journal.lock_head(working)
        assert take_over.take_over(engine, journal, None, Clock()) == ()
        baton = try_baton(engine, journal)
        assert baton is not None
        pid = working.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        ended = take_over.take_over(engine, journal, None, Clock())
        assert ended == (f"session {baton.backend()}", f"session {pid}")
        assert not baton.alive()
    assert not holder.at_work(engine, journal)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_sessions_that_do_not_end_are_said_so(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock says that ten seconds have passed."""
    journal, hand = make(engine), Hand()
    monkeypatch.setattr(take_over, "backends", lambda *_: (2**30,))
    with pytest.raises(InitError) as error:
        take_over.take_over(engine, journal, None, hand.clock())
    assert error.value.context == ("the sessions were told to end, but have not",)
    assert (error.value.reference, error.value.database) == ("take-over-refused", "postgresql")
    assert sum(hand.slept) == pytest.approx(take_over.PATIENCE + 0.05)


def test_a_session_that_may_not_be_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what was refused, and not in the database's words."""

    def execute(*_: object) -> None:
        raise DBAPIError("SELECT pg_terminate_backend(7)", {}, psycopg2.OperationalError("a\nb"))

    monkeypatch.setattr(take_over, "backends", lambda *_: (7,))
    monkeypatch.setattr(take_over, "head_lockers", lambda *_: (7, 8))
    with pytest.raises(InitError) as caught:
        take_over._end_sessions(SimpleNamespace(execute=execute), Journal("public", "shop"), Clock())
    assert caught.value.context == ("session 7: The driver, or the connection, failed",)
    assert (caught.value.reference, caught.value.database) == ("take-over-refused", "postgresql")


def test_a_session_is_ended_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may hold both the baton and the head."""
    ended: list[dict[str, int]] = []

    def execute(statement: object, values: dict[str, int]) -> None:
        assert str(statement) == "SELECT pg_catalog.pg_terminate_backend(:pid)"
        ended.append(values)

    left = iter([(7,), (7,), ()])
    monkeypatch.setattr(take_over, "backends", lambda *_: next(left))
    monkeypatch.setattr(take_over, "head_lockers", lambda *_: ())
    connection = SimpleNamespace(execute=execute)
    assert take_over._end_sessions(connection, Journal("public", "shop"), Hand().clock()) == ("session 7",)
    assert ended == [{"pid": 7}]
