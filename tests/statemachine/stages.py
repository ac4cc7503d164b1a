"""A run on a real journal, with the real unit of work, whose steps are written down beforehand."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import create_engine

from initdb.events.baton import try_baton
from initdb.events.clock import Clock
from initdb.events.database import database_of
from initdb.events.entry import Entry
from initdb.events.payloads import PAYLOADS
from initdb.events.sessions import session
from initdb.settings import Settings
from initdb.statemachine.decide.verdict import Verdict
from initdb.statemachine.loop import run as running
from initdb.statemachine.loop.look import look_on
from initdb.statemachine.loop.order import Order, Report
from initdb.statemachine.loop.run import Run
from initdb.statemachine.loop.signals import Stopper
from initdb.statemachine.loop.stay import Stay
from initdb.statemachine.site import Site, Waiting, Watcher
from initdb.steps.context import Application, Progress, StepContext

Play = Callable[[StepContext], None]
FIRST = Verdict("work", "first boot")
NOW = datetime(2026, 11, 23, 8, 6, 41, 218903, UTC)


def does(kind: str, **data: Any) -> Play:
    """A step that commits this event."""

    def step(ctx: StepContext) -> None:
        with ctx.unit.open(ctx.work):
            ctx.unit.commit(ctx.work, PAYLOADS[kind].read(data))

    return step


def raises(error: BaseException) -> Play:
    """A step that fails."""

    def step(ctx: StepContext) -> None:
        raise error

    return step


READY: Mapping[str, Play] = {
    "unknown": does("database_inspected", tables=[], rows=[], schema_from="models"),
    "empty": does("schema_created"),
    "unproven": does("health_validated", checks={}),
}
"""What leads from an empty database to ready."""


@dataclass
class Stage:
    """A database and what the steps of its states do: the items of a list in order, then the last
    one again."""

    url: str
    settings: dict[str, Any] = field(default_factory=dict)
    code: dict[str, str] = field(default_factory=lambda: {"models": "a"})
    steps: dict[str, deque[Play]] = field(default_factory=dict)
    now: float = 1000.0
    pauses: list[float] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)
    heard: list[Entry] = field(default_factory=list)
    application: Application = field(default_factory=Application)
    stopper: Stopper = field(default_factory=Stopper)
    run: Run | None = None

    def __post_init__(self) -> None:
        self.engine = create_engine(self.url)
        self.play(**READY)

    def play(self, **steps: Play | list[Play]) -> None:
        """Set what the steps of these states do."""
        for state, step in steps.items():
            self.steps[state] = deque(step if isinstance(step, list) else [step])

    def step_of(self, state: str) -> Play:
        """Stands in for the product's function of this name."""
        plays = self.steps[state]

        def step(ctx: StepContext) -> None:
            (plays.popleft() if len(plays) > 1 else plays[0])(ctx)

        return step

    @property
    def site(self) -> Site:
        clock = Clock(now=lambda: NOW, monotonic=lambda: self.now)
        watcher = Watcher(
            entry=self.heard.append,
            progress=self.progress.append,
            waiting=lambda waiting: self.waits.append(_why(waiting)),
        )
        return Site(self.engine, self.application, Settings(**self.settings), self.code, clock, watcher)

    def go(
        self,
        order: Order | None = None,
        verdict: Verdict = FIRST,
        stay: Stay | None = None,
        before: Callable[[Any], None] = lambda connection: None,
    ) -> Report:
        """Carry out a run, which may raise. It stays in `run`."""
        site = self.site
        with session(self.engine) as work:
            seen = look_on(site, work)
            database_of(work).rollback(work)
            baton = try_baton(self.engine, seen.journal)
            assert baton is not None
            before(work)
            try:
                stay = stay or Stay(60.0)
                self.run = Run(site, baton, work, seen, verdict, order or Order(), self.stopper, stay)
                stay.begins(self.run.report.run)
                return self.run.go()
            finally:
                baton.release()

    def entries(self) -> list[Entry]:
        """The journal's entries without its snapshots."""
        with session(self.engine) as connection:
            seen = look_on(self.site, connection)
            found = list(seen.journal.read(connection)) if seen.exists else []
            database_of(connection).rollback(connection)
        return [entry for entry in found if entry.type != "snapshot"]

    def types(self) -> list[str]:
        """The types of the entries."""
        return [entry.type for entry in self.entries()]

    def last(self, kind: str) -> Entry:
        """The last entry of a type."""
        return [entry for entry in self.entries() if entry.type == kind][-1]

    def with_settings(self, **settings: Any) -> Stage:
        """The same database with other settings."""
        return replace(self, settings=settings)


def _why(waiting: Waiting) -> str:
    return waiting.why


@pytest.fixture
def stage(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """An empty SQLite file. Pauses are recorded, and not slept."""
    yield _set(sqlite_url, monkeypatch)


@pytest.fixture
def either(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """An empty database, SQLite or PostgreSQL."""
    yield _set(database_url, monkeypatch)


def _set(url: str, monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = Stage(url)

    def pause(stopper: Stopper, seconds: float) -> None:
        made.pauses.append(seconds)
        made.now += seconds

    monkeypatch.setattr(Stopper, "pause", pause)
    monkeypatch.setattr(running, "step_of", lambda state: made.step_of(str(state)))
    return made
