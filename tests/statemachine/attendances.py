"""A stay whose looks, batons and runs are written down beforehand, with a clock that tests set."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg2
import pytest
from sqlalchemy import create_engine

from initdb.errors import InitError
from initdb.events.clock import Clock
from initdb.events.entry import Entry
from initdb.events.head import Head
from initdb.events.journal import Journal
from initdb.events.knowledge import Failure, Judgement, Knowledge, RunRecord
from initdb.events.payloads.form import Payload
from initdb.settings import Settings
from initdb.statemachine.decide.verdict import Look
from initdb.statemachine.loop import attend as attending
from initdb.statemachine.loop import run as running
from initdb.statemachine.loop import turn
from initdb.statemachine.loop.order import Order, Report
from initdb.statemachine.loop.outcome import Outcome
from initdb.statemachine.loop.signals import Stopper
from initdb.statemachine.site import Site, Waiting, Watcher
from initdb.steps import connect
from initdb.steps.context import Application

HASH = "h" * 64
BUSY = sqlite3.OperationalError("database is locked")
BUSY.sqlite_errorcode = sqlite3.SQLITE_BUSY
NO_TABLE = sqlite3.OperationalError("no such table: x")
NO_TABLE.sqlite_errorcode = 1


class Refused(psycopg2.OperationalError):
    """A server's error with a SQLSTATE."""

    pgcode = ""


class Locked(Refused):
    """lock_not_available."""

    pgcode = "55P03"


class Shutdown(Refused):
    """admin_shutdown."""

    pgcode = "57P01"


class TooMany(Refused):
    """too_many_connections."""

    pgcode = "53300"


class Baton:
    """A baton that remembers its release."""

    def __init__(self, world: World) -> None:
        self._world = world

    def alive(self) -> bool:
        return True

    def backend(self) -> None:
        return None

    def release(self) -> None:
        self._world.done.append("released")


class Checked(Journal):
    """A journal that remembers which checks were made."""

    def check_guards(self, connection: Any) -> None:
        connection.done.append("guards")

    def check_version(self, connection: Any) -> None:
        connection.done.append("version")


JOURNAL = Checked("main", "application")


def look(known: Knowledge | None = None, **values: Any) -> Look:
    """What is seen; by default an empty journal that exists."""
    known = known or Knowledge()
    seen = {"exists": True, "head": Head(known.seq, known.hash, 2, 1), "journal": JOURNAL, **values}
    return Look(known, {"models": "a"}, seen.pop("catalog", None), **seen)


CODE = {"models": "a"}
BY = {"app": "shop", "host": "web-1", "pid": 41}
BUSY_SAID = "another session holds the journal, or a table whose definition has to be read"
MOVED_SAID = "another process wrote to the journal meanwhile"
LOST_SAID = "the connection to the database was lost"
GONE_SAID = "a table was created or dropped while this process looked"
ERROR = InitError("seed-rejected", "roles.csv line 3").rendered()


def ended_run(ended: str | None = "ready", run: str = "elsewhere") -> RunRecord:
    """The last run: it was another process's, and has ended."""
    return RunRecord(run, 1, "t", BY, ended=ended)


def known_as(**values: Any) -> Knowledge:
    """Knowledge of four entries, which says that revisions are pending."""
    return Knowledge(**{"seq": 4, "hash": HASH, "state": "behind", "last_run": ended_run(), **values})


WORK = known_as()
"""Knowledge from which follows work: "unfinished"."""
READY = known_as(state="ready", catalog="c", judgements=(Judgement(CODE, warnings=("w",)),))


def failed_as(passing: bool = False, **values: Any) -> Knowledge:
    """Knowledge which says that this code has failed."""
    failure = Failure(7, "seed", "t", ERROR.as_data() | {"passing": passing}, CODE, **values)
    return replace(READY, judgements=(Judgement(CODE, failure),))


def ready_look() -> Look:
    """A database that is ready."""
    return look(READY, catalog="c")


@dataclass
class Ran:
    """What a run does: the entries it writes, its report, what it knows at the end, or what it raises.

    It takes so many seconds.
    """

    entries: list[Entry] = field(default_factory=list)
    known: Knowledge = field(default_factory=Knowledge)
    raises: BaseException | None = None
    report: dict[str, Any] = field(default_factory=dict)
    takes: float = 0.0


class World:
    """Everything around a stay. Each list has what comes next; what is left at the end is an error."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "x.db"
        self.file.touch()
        self.url = f"sqlite:///{self.file}"
        self.settings: dict[str, Any] = {}
        self.application = Application()
        self.announced: list[str] = []
        self.looks: deque[Look | Exception] = deque()
        self.batons: deque[bool | Exception] = deque()
        self.runs: deque[Ran] = deque()
        self.connections: deque[Exception] = deque()
        self.now = 1000.0
        self.pauses: list[float] = []
        self.told: list[tuple[str, str | None]] = []
        self.left: list[float | None] = []
        self.done: list[Any] = []
        self.notes: list[Payload] = []
        self.ran: list[Any] = []
        self.cut_off: list[str] = []
        self.befores: list[Look | None] = []
        self.site = Site(create_engine(self.url), Application(), Settings(), {})

    def attend(
        self,
        *looks: Look | Exception,
        order: Order | None = None,
        mode: str = "work",
        wait: bool = True,
        patience: float | None = None,
    ) -> Outcome:
        """Attend to a database in which these looks are seen, one after the other."""
        self.looks.extend(looks)
        self.site = Site(
            create_engine(self.url),
            self.application,
            Settings(**self.settings),
            {},
            clock=Clock(monotonic=lambda: self.now),
            watcher=Watcher(waiting=self._waits, announce=self.announced.append),
            newest=self.site.newest,
        )
        outcome = attending.attend(self.site, order, mode, wait, patience=patience)
        assert not self.looks and not self.batons and not self.runs and not self.connections
        return outcome

    def _waits(self, waiting: Waiting) -> None:
        self.told.append((waiting.why, waiting.since))
        self.left.append(waiting.left)

    def look(self, site: Site, before: Look | None = None) -> Look:
        self.befores.append(before)
        return self._next_look()

    def _next_look(self) -> Look:
        if not self.looks:
            pytest.fail("one look more than was expected")
        seen = self.looks.popleft()
        if isinstance(seen, Exception):
            raise seen
        return seen

    def look_on(self, site: Site, connection: object, before: Look | None = None) -> Look:
        self.done.append("looked")
        return self._next_look()

    def try_baton(self, engine: object, journal: Journal, since: object = None) -> Baton | None:
        assert journal is JOURNAL
        self.done.append(("baton", since))
        found = self.batons.popleft()
        if isinstance(found, Exception):
            raise found
        return Baton(self) if found else None

    def open_session(self, engine: object) -> Any:
        if self.connections:
            raise self.connections.popleft()
        return self

    def close_session(self, connection: object) -> None:
        assert connection is self
        self.done.append("closed")

    def run(self, *words: Any) -> Any:
        """Stands in for a Run."""
        site, _, work, _, verdict, _, _, stay = words
        assert (site, work) == (self.site, self)
        planned = self.runs.popleft()
        number = 1 + len(stay.runs)
        report = Report(f"run-{number}", planned.entries, **planned.report)
        self.done.append(("run", verdict.kind, verdict.reason))
        self.cut_off.append(stay.why)

        def go() -> Report:
            self.now += planned.takes
            if planned.raises:
                raise planned.raises
            return report

        self.ran.append(SimpleNamespace(report=report, knowledge=planned.known, go=go))
        return self.ran[-1]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world instead of databases and clocks."""
    made = World(tmp_path)

    def pause(stopper: Stopper, seconds: float) -> None:
        made.pauses.append(round(seconds, 3))
        made.now += seconds
        stopper.check()

    def refused(engine: object, error: Exception, doing: str = "connect") -> InitError:
        assert engine is made.site.engine or engine in made.application.companions
        if isinstance(error, InitError):
            return error
        return InitError("database-permission-denied", f"{doing}: {error}")

    monkeypatch.setattr(Stopper, "pause", pause)
    for name in ("look", "look_on", "open_session", "close_session"):
        monkeypatch.setattr(attending, name, getattr(made, name))
    monkeypatch.setattr(turn, "try_baton", made.try_baton)
    monkeypatch.setattr(turn, "glance", lambda engine, journal: None)
    monkeypatch.setattr(attending, "FRESH", 0.0)  # a look after each attempt; test_turn.py has the others
    monkeypatch.setattr(attending, "called_from_inside", lambda site, *, threads: False)
    monkeypatch.setattr(attending, "cautions", lambda engine, **given: ("a caution",))
    monkeypatch.setattr(attending, "note", lambda site, said: made.notes.append(said))
    monkeypatch.setattr(attending.random, "uniform", lambda low, high: low)
    monkeypatch.setattr(connect, "prepare", lambda engine: made.done.append("prepared"))
    monkeypatch.setattr(connect, "refused", refused)
    monkeypatch.setattr(running, "Run", made.run)
    yield made


def works(world: World, *ran: Ran) -> None:
    """The baton is free each time, and these are the runs."""
    world.batons.extend([True] * len(ran))
    world.runs.extend(ran)
