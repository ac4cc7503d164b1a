"""What a stay remembers, how long it goes on, and which code is inside it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, StaticPool, create_engine

from initdb import booting
from initdb.events import postgresql, sqlite
from initdb.events.entry import Entry
from initdb.events.head import HeadBusy
from initdb.events.journal import Journal
from initdb.events.knowledge import Knowledge, RunRecord
from initdb.events.types import PROGRESS
from initdb.settings import Settings
from initdb.statemachine.decide.verdict import Look
from initdb.statemachine.loop import stay as stays
from initdb.statemachine.loop.stay import SLOWEST, Stay, called_from_inside, inside, place
from initdb.statemachine.site import Site
from initdb.steps.context import Application
from tests.events.journals import make
from tests.statemachine.test_telling import entry

FRUITLESS = entry("run_started", {})
FRUITFUL = entry(sorted(PROGRESS)[0], {})


def _known(run: str = "run-1", ended: str | None = None) -> Knowledge:
    return Knowledge(last_run=RunRecord(run, 1, "t", ended=ended))


def test_a_run_of_this_stay_goes_on() -> None:
    """It goes on as long as it is the journal's last run and has not ended."""
    stay = Stay(10.0)
    stay.begins("run-0")
    stay.begins("run-1")
    stay.begins("run-1")
    assert stay.runs == ["run-0", "run-1"]
    assert stay.goes_on(_known("run-1")) == "run-1"
    assert stay.goes_on(_known("run-0")) == "run-0"
    assert stay.goes_on(_known("run-1", "failed")) is None
    assert stay.goes_on(_known("run-2")) is None
    assert stay.goes_on(Knowledge()) is None


def test_what_was_written_is_kept() -> None:
    """All entries are kept in order. Some are progress."""
    stay = Stay(10.0)
    assert not stay.was_at_work
    assert not stay.wrote([FRUITLESS])
    assert stay.was_at_work
    assert stay.wrote([FRUITLESS, FRUITFUL, FRUITLESS])
    assert stay.entries == [FRUITLESS, FRUITLESS, FRUITFUL, FRUITLESS]


def test_a_run_that_is_cut_off_is_at_work_no_more() -> None:
    """The stay counts it, and knows why."""
    stay = Stay(10.0)
    stay.wrote([FRUITLESS])
    stay.cut_off("the connection was lost", 100.0)
    assert (stay.why, stay.was_at_work, stay.fruitless, stay.until) == (
        "the connection was lost",
        False,
        1,
        110.0,
    )
    stay.cut_off("again", 105.0)
    assert (stay.why, stay.fruitless, stay.until) == ("again", 2, 110.0)


@pytest.mark.parametrize(
    ("cuts", "now", "over"),
    [(0, 999.0, False), (1, 999.0, False), (2, 110.0, False), (2, 110.1, True), (3, 110.1, True)],
)
def test_when_a_stay_is_over(cuts: int, now: float, over: bool) -> None:
    """It is over after at least two losses in a row, and the limit."""
    stay = Stay(10.0)
    for _ in range(cuts):
        stay.cut_off("lost", 100.0)
    assert stay.is_over(now) == over


@pytest.mark.parametrize(("written", "counted"), [(FRUITFUL, 0), (FRUITLESS, 2)])
def test_progress_begins_the_count_anew(written: Entry, counted: int) -> None:
    """Events that every run writes are no progress."""
    stay = Stay(10.0)
    stay.cut_off("lost", 100.0)
    stay.cut_off("lost", 100.0)
    stay.wrote([written])
    assert (stay.fruitless, stay.until) == (counted, 110.0 if counted else None)


def test_pauses_are_doubled() -> None:
    """They grow to half a minute at most."""
    stay = Stay(10.0)
    pauses = []
    for _ in range(10):
        stay.cut_off("lost", 0.0)
        pauses.append(stay.pause)
    assert pauses == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, SLOWEST, SLOWEST])
    stay.fruitless = 10**6
    assert stay.pause == SLOWEST


def _site(url: str, **settings: Any) -> Site:
    return Site(create_engine(url), Application(), Settings(**settings), {})


def test_a_place_is_one_file_whatever_it_is_called(tmp_path: Path) -> None:
    """It is of one application and one schema."""
    (tmp_path / "link").symlink_to(tmp_path)
    one = place(_site(f"sqlite:///{tmp_path}/x.db"))
    assert one == place(_site(f"sqlite:///{tmp_path}/link/x.db"))
    said = f"sqlite:{(tmp_path / 'x.db').resolve()}\x1f\x1fapplication"
    assert one == hashlib.sha256(said.encode()).hexdigest()[:32]
    others = {
        place(_site(f"sqlite:///{tmp_path}/y.db")),
        place(_site(f"sqlite:///{tmp_path}/x.db", application="shop")),
        place(_site(f"sqlite:///{tmp_path}/x.db", journal_schema="audit")),
    }
    assert len(others | {one}) == 4
    assert place(_site(f"sqlite:///{tmp_path}/x.db", application="\ud800"))


def test_a_place_in_memory_is_one_pool_of_one_process() -> None:
    """Another engine has another database."""
    site, other = _site("sqlite://"), _site("sqlite://")
    assert place(site) == place(site) != place(other)
    said = f"memory:{os.getpid()}:{id(site.engine.pool)}\x1f\x1fapplication"
    assert place(site) == hashlib.sha256(said.encode()).hexdigest()[:32]


def test_a_place_on_a_server() -> None:
    """Host or socket, port and database name it. Role and driver do not."""
    same = [
        "postgresql+psycopg2://app@db:5432/shop",
        "postgresql+psycopg2://owner:secret@db:5432/shop?connect_timeout=3",
    ]
    assert len({place(_site(url)) for url in same}) == 1
    said = "postgresql:db:5432/shop\x1f\x1fapplication"
    assert place(_site(same[0])) == hashlib.sha256(said.encode()).hexdigest()[:32]
    others = [
        "postgresql+psycopg2://app@db2:5432/shop",
        "postgresql+psycopg2://app@db:5433/shop",
        "postgresql+psycopg2://app@db:5432/shop2",
        "postgresql+psycopg2://app@/shop?host=/run/a",
        "postgresql+psycopg2://app@/shop?host=/run/b",
    ]
    assert len({place(_site(url)) for url in (*same, *others)}) == 6


@pytest.fixture
def site() -> Site:
    """A site in memory."""
    return Site(create_engine("sqlite://", poolclass=StaticPool), Application(), Settings(), {})


def _above(monkeypatch: pytest.MonkeyPatch, site: Site, run: str | None, seen: object, works: bool) -> None:
    """A parent process has a run here. Also given: what the journal says, and whether the baton is held."""

    def look(looked: Site) -> Look:
        assert looked is site
        if isinstance(seen, Exception):
            raise seen
        return Look(seen, {}, None, journal=Journal("main", "here"))

    def at_work(engine: object, journal: Journal) -> bool:
        assert (engine, journal.application) == (site.engine, "here")
        return works

    monkeypatch.setattr(booting, "run_above", lambda where: run if where == place(site) else "wrong place")
    monkeypatch.setattr(stays, "look", look)
    monkeypatch.setattr(stays, "at_work", at_work)


@pytest.mark.parametrize(
    ("run", "seen", "works", "inside"),
    [
        (None, _known("run-1"), True, False),
        ("run-1", _known("run-1"), True, True),
        ("run-1", _known("run-1"), False, False),
        ("run-1", _known("run-1", "failed"), True, False),
        ("run-1", _known("run-2"), True, False),
        ("run-1", Knowledge(), True, False),
        ("run-1", HeadBusy(), True, True),
        ("run-1", ValueError(), True, False),
    ],
)
def test_who_is_inside_a_run_of_a_process_above(
    site: Site, monkeypatch: pytest.MonkeyPatch, run: str | None, seen: object, works: bool, inside: bool
) -> None:
    """The run must be the last one, must not have ended, and the baton must be held or the database
    locked."""
    _above(monkeypatch, site, run, seen, works)
    assert called_from_inside(site, threads=True) is inside


@pytest.mark.parametrize("threads", [False, True])
def test_who_is_inside_a_run_of_this_process(
    site: Site, monkeypatch: pytest.MonkeyPatch, threads: bool
) -> None:
    """Then the database is not looked at."""
    asked: list[tuple[str, bool]] = []

    def own(where: str, *, threads: bool) -> bool:
        asked.append((where, threads))
        return True

    monkeypatch.setattr(booting, "called_by_own_run", own)
    monkeypatch.setattr(booting, "run_above", lambda where: pytest.fail("asked"))
    assert called_from_inside(site, threads=threads)
    assert asked == [(place(site), threads)]


@pytest.mark.parametrize(
    ("url", "told"),
    [("sqlite:///{}/x.db", True), ("sqlite://", False), ("postgresql+psycopg2://app@db/shop", True)],
)
def test_the_code_that_a_run_calls_is_inside_it(url: str, told: bool, tmp_path: Path) -> None:
    """A child process is told as well, unless the database is in the memory of this one."""
    site = _site(url.format(tmp_path))
    with inside(site, "run-1"):
        assert booting.quiet.get() and booting.called_by_own_run(place(site), threads=False)
        assert booting._at_work[place(site)].run == "run-1"
        assert booting._told() == ([f"{place(site)}:run-1"] if told else [])
    assert not booting.quiet.get() and not booting.called_by_own_run(place(site), threads=False)
    assert booting._told() == []


LOCK = {"sqlite": "BEGIN EXCLUSIVE", "postgresql": "LOCK TABLE init_journal_head IN ACCESS EXCLUSIVE MODE"}


def test_who_is_inside_a_run_that_has_locked_the_database(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal cannot be read, so the run above is at work."""
    make(engine)
    site = Site(engine, Application(), Settings(), {})
    monkeypatch.setattr(sqlite, "LOOK_PATIENCE", 0)
    monkeypatch.setattr(postgresql, "LIMITS_WAITING", "set_config('lock_timeout', '20ms', true)")
    monkeypatch.setattr(booting, "run_above", lambda where: "run-1")
    assert not called_from_inside(site, threads=True)
    with engine.connect() as other:
        other.exec_driver_sql(LOCK[engine.dialect.name])
        assert called_from_inside(site, threads=True)
        other.rollback()
