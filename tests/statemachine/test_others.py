"""What a process that waits says of the others, and how often it asks who they are."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import OperationalError

from initdb.errors import InitError
from initdb.events.head import HeadBusy
from initdb.events.journal import Journal
from initdb.events.knowledge import Knowledge, RunRecord
from initdb.settings import Settings
from initdb.statemachine.decide.verdict import Look
from initdb.statemachine.loop import others as module
from initdb.statemachine.loop.others import BUSY, Others
from initdb.statemachine.site import Site
from initdb.steps.catalog.lock_holder import LockHolder
from initdb.steps.context import Application
from tests.events.journals import make
from tests.statemachine.test_holders import Hand

HERE = socket.gethostname()
JOURNAL = Journal("main", "shop")
BY = {"app": "shop", "host": HERE, "pid": 41}
LAST = {"last_type": "run_started", "last_at": "then", "last_data": {"reason": "order"}}


def _known(seq: int = 3, **run: Any) -> Knowledge:
    return Knowledge(seq=seq, state="behind", last_run=RunRecord("run", 2, "t", BY, **run), **LAST)


@dataclass
class Asked:
    """In the place of the database: who holds the baton, and when that was asked."""

    others: Others
    hand: Hand
    found: Callable[[], Any] = tuple
    times: list[float] = field(default_factory=list)

    def holders(self, engine: Engine, journal: Journal) -> Any:
        assert (engine.dialect.name, journal) == ("sqlite", JOURNAL)
        self.times.append(self.hand.now)
        return self.found()

    def until(self, end: float, known: Knowledge, **how: bool) -> str:
        """What is said at last, if it is asked for ten times a second."""
        said = self.others.at_work(JOURNAL, known, **how)
        while self.hand.now < end:
            self.hand.now = round(self.hand.now + 0.1, 1)
            said = self.others.at_work(JOURNAL, known, **how)
        return said


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """At the time 0."""
    hand = Hand(now=0.0)
    site = Site(create_engine("sqlite://"), Application(), Settings(), {}, clock=hand.clock())
    made = Asked(Others(site), hand)
    monkeypatch.setattr(module, "holders", made.holders)
    return made


AT_WORK = f"shop on {HERE} (process 41) is at work on migrate; last: began: order, at then"
GONE = (
    f"no process is at work: shop on {HERE} (process 41) is gone; it was on migrate;"
    " last: began: order, at then"
)
SILENT = "process 7 (initdb, user app) is at work, and has written nothing yet"


@pytest.mark.parametrize(
    ("found", "known", "said"),
    [
        (None, _known(), AT_WORK),
        (None, _known(ended="ready"), "another process is at work"),
        (None, Knowledge(), "another process is at work"),
        ((), _known(), GONE),
        ((), _known(ended="failed"), "no process is at work yet"),
        ((), Knowledge(), "no process is at work yet"),
        ((41,), _known(), AT_WORK),
        ((7, 41), _known(), AT_WORK),
        ((7,), _known(), SILENT),
        ((41,), _known(ended="ready"), SILENT.replace("7", "41")),
        ((7,), Knowledge(), SILENT),
        ((7,), _known(work={"baton": 7}), AT_WORK),
        ((41,), _known(work={"baton": 7}), SILENT.replace("7", "41")),
    ],
)
def test_who_is_at_work(asked: Asked, found: tuple[int, ...] | None, known: Knowledge, said: str) -> None:
    """The run that has not ended, if one of those with the baton is its process."""
    holders = [LockHolder((), pid, application="initdb", role="app", doing="idle") for pid in found or ()]
    asked.found = lambda: None if found is None else tuple(holders)
    assert asked.others.at_work(JOURNAL, known) == said


def test_a_process_of_another_host_is_not_the_one(asked: Asked) -> None:
    """It only has the same id."""
    asked.found = lambda: (LockHolder((), 41),)
    known = Knowledge(state="ready", last_run=RunRecord("run", 2, "t", {**BY, "host": "away"}), **LAST)
    assert asked.others.at_work(JOURNAL, known) == "process 41 is at work, and has written nothing yet"
    asked.found = tuple
    asked.hand.now = 2.0
    gone = "no process is at work: shop on away (process 41) is gone; it was; last: began: order, at then"
    assert asked.others.at_work(JOURNAL, known) == gone


@pytest.mark.parametrize(
    "error", [OperationalError("", {}, Exception()), OSError(), InitError("disk-full"), HeadBusy()]
)
def test_where_it_cannot_be_asked_it_is_not_known(asked: Asked, error: Exception) -> None:
    """The wait itself is told. What was known before is not told again."""

    def fails() -> Any:
        raise error

    assert asked.others.at_work(JOURNAL, _known()) == GONE
    asked.found, asked.hand.now = fails, 2.0
    assert asked.others.at_work(JOURNAL, _known()) == AT_WORK


def test_an_answer_is_told_for_two_seconds(asked: Asked) -> None:
    """Then the database is asked anew; at once, if the journal has a new entry or a wait is to end."""
    assert asked.until(6.0, _known()) == GONE
    assert asked.times == [0.0, 2.0, 4.0, 6.0]
    asked.until(6.5, _known(4))
    assert asked.times[4:] == [6.0]
    asked.others.at_work(JOURNAL, _known(4), anew=True)
    assert asked.times[5:] == [6.5]


def test_whoever_has_the_baton_is_asked_for_after_a_standstill(asked: Asked) -> None:
    """Until then its run is named from the journal. From then on it is asked less and less often."""
    assert asked.until(4.9, _known(1), held=True) == AT_WORK
    assert asked.times == []
    assert asked.until(35.0, _known(1), held=True) == GONE
    assert asked.times == [5.0, 7.0, 11.0, 19.0, 35.0]
    asked.until(41.0, _known(4), held=True)
    assert asked.times[5:] == [40.0], "a new entry begins it anew"


@pytest.mark.parametrize("known", [_known(ended="ready"), Knowledge()])
def test_without_a_run_that_works_it_is_asked_for_earlier(asked: Asked, known: Knowledge) -> None:
    """The baton was taken just now, so its process has written nothing yet."""
    asked.until(1.0, known, held=True)
    assert asked.times == [1.0]


def _others(engine: Engine) -> Others:
    return Others(Site(engine, Application(), Settings(), {}))


def _look(engine: Engine, *, exists: bool = True, **known: Any) -> Look:
    schema = "main" if engine.dialect.name == "sqlite" else "public"
    return Look(Knowledge(**known), {}, None, journal=Journal(schema, "shop"), exists=exists)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_has_locked_the_file(engine: Engine) -> None:
    """The file is named with its process."""
    make(engine)
    assert _others(engine).in_the_way(None) == BUSY
    with engine.connect() as other:
        other.exec_driver_sql("BEGIN EXCLUSIVE")
        said = _others(engine).in_the_way(_look(engine))
        assert said == f"{BUSY}; test.db is locked by process {os.getpid()} (this process), writing"
        other.rollback()
    assert _others(create_engine("sqlite://")).in_the_way(None) == BUSY


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("table", "named"), [("init_journal_head", True), ("versions", True), ("another", False)]
)
def test_who_has_locked_a_table(engine: Engine, table: str, named: bool) -> None:
    """The tables of the journal and the version table count before all others."""
    make(engine)
    seen = _look(engine, version_table="versions")
    with engine.connect() as other, engine.connect() as second:
        other.exec_driver_sql("CREATE TABLE versions (id int)")
        other.exec_driver_sql("CREATE TABLE another (id int)")
        other.commit()
        second.exec_driver_sql("LOCK TABLE another")
        assert "another is locked by" in _others(engine).in_the_way(seen)
        other.exec_driver_sql(f"LOCK TABLE {table}" if named else "SELECT 1")
        said = _others(engine).in_the_way(seen)
        assert said.startswith(f"{BUSY}; {table} is locked by process ")
        assert said.count("locked by") == 1
        other.rollback()
        second.rollback()
    assert _others(engine).in_the_way(seen) == BUSY


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_who_makes_the_journal(engine: Engine) -> None:
    """It has the lock of a first boot. That is asked if the journal does not exist."""
    seen = _look(engine, exists=False)
    with engine.connect() as other:
        other.exec_driver_sql(f"SELECT pg_advisory_lock({seen.journal.key('first')})")
        pid = other.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        said = _others(engine).in_the_way(seen)
        assert said.startswith(f"{BUSY}; the journal is being made by process {pid}")
        assert _others(engine).in_the_way(_look(engine)) == _others(engine).in_the_way(None) == BUSY
    assert _others(engine).in_the_way(seen) == BUSY


def test_where_the_database_cannot_be_asked_the_lock_is_told() -> None:
    """Who holds it is left out."""
    engine = create_engine("postgresql+psycopg2://nobody@/nothing?host=/nowhere")
    assert _others(engine).in_the_way(None) == BUSY
