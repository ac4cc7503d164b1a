"""The wait for the baton: what is asked each time, and when everything is looked at again."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from initdb.events.baton import try_baton
from initdb.events.clock import Clock
from initdb.events.glance import Glance, glance
from initdb.events.head import HeadMoved
from initdb.settings import Settings
from initdb.statemachine.loop import turn
from initdb.statemachine.loop.turn import FRESH, Turn
from initdb.statemachine.site import Site
from initdb.steps.context import Application
from tests.statemachine.attendances import HASH, WORK, look
from tests.support.crash import stopped_after
from tests.support.toy import Toy

OTHER = "f" * 64


class Baton:
    """It remembers its release."""

    released = False

    def release(self) -> None:
        self.released = True


class Wait:
    """A turn with batons and glances that are written down beforehand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, url: str, wait_limit: float = 300.0) -> None:
        self.batons: deque[Baton | Exception | None] = deque()
        self.glances: deque[Glance | None] = deque()
        self.asked: list[object] = []
        self.now = 0.0
        monkeypatch.setattr(turn, "try_baton", self._baton)
        monkeypatch.setattr(turn, "glance", lambda engine, journal: self.glances.popleft())
        clock = Clock(monotonic=lambda: self.now)
        site = Site(create_engine(url), Application(), Settings(wait_limit=wait_limit), {}, clock=clock)
        self.turn = Turn(site, look(WORK))

    def _baton(self, engine: object, journal: object, since: object) -> Baton | None:
        self.asked.append(since)
        found = self.batons.popleft()
        if isinstance(found, Exception):
            raise found
        return found


ON_A_SERVER = "postgresql+psycopg2://app@db/shop"


def test_a_server_is_only_glanced_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as the same session holds the baton. That it writes is progress, and no reason to look."""
    wait = Wait(monkeypatch, ON_A_SERVER)
    wait.batons.extend([None])
    wait.glances.extend([Glance((4, HASH), (77,)), Glance((5, OTHER), (77,)), Glance((5, OTHER), (77,))])
    moved = []
    for _ in range(4):
        assert wait.turn.ask() is None
        moved.append(wait.turn.moved)
    assert moved == [False, False, True, False]
    assert wait.asked == [(4, HASH)] and not wait.turn.must_look


def test_another_holder_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be a stranger, whose lock does not count."""
    wait = Wait(monkeypatch, ON_A_SERVER)
    wait.batons.extend([None, None])
    wait.glances.extend([Glance((4, HASH), (77,)), Glance((4, HASH), (78,))])
    for _ in range(3):
        assert wait.turn.ask() is None
    assert wait.asked == [(4, HASH)] * 2


def test_a_free_baton_after_entries_were_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given back, and everything is looked at: all that waited can do that at the same time."""
    wait = Wait(monkeypatch, ON_A_SERVER)
    wait.batons.extend([None, HeadMoved()])
    wait.glances.extend([Glance((4, HASH), ())])
    assert wait.turn.ask() is None and not wait.turn.must_look
    assert wait.turn.ask() is None and wait.turn.must_look
    wait = Wait(monkeypatch, ON_A_SERVER)
    baton = Baton()
    wait.batons.extend([HeadMoved((9, OTHER)), baton])
    wait.glances.extend([Glance((9, OTHER), ())])
    assert wait.turn.ask() is None and wait.turn.moved and not wait.turn.must_look
    assert wait.turn.ask() is None and wait.turn.must_look and baton.released
    assert wait.asked == [(4, HASH), (9, OTHER)]


def test_a_free_baton_if_nothing_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its holder is gone: this process works."""
    wait = Wait(monkeypatch, ON_A_SERVER)
    baton = Baton()
    wait.batons.extend([None, baton])
    wait.glances.extend([Glance((4, HASH), ())])
    assert wait.turn.ask() is None
    assert wait.turn.ask() is baton and not baton.released  # type: ignore[comparison-overlap]


def test_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first time the baton is kept; after a wait everything is looked at first."""
    wait = Wait(monkeypatch, "sqlite:///x.db")
    first, second = Baton(), Baton()
    wait.batons.extend([first])
    assert wait.turn.ask() is first  # type: ignore[comparison-overlap]
    wait = Wait(monkeypatch, "sqlite:///x.db")
    wait.batons.extend([None, second])
    assert wait.turn.ask() is None
    assert wait.turn.ask() is None and wait.turn.must_look and second.released


@pytest.mark.parametrize(("limit", "until"), [(300.0, FRESH), (2.0, 0.5)])
def test_when_it_is_over(monkeypatch: pytest.MonkeyPatch, limit: float, until: float) -> None:
    """After two seconds, or a quarter of a short limit: its end must not come before progress is seen."""
    wait = Wait(monkeypatch, "sqlite:///x.db", limit)
    wait.now = until - 0.01
    assert not wait.turn.is_over()
    wait.now = until + 0.01
    assert wait.turn.is_over()


def test_a_glance(tmp_path: Path, postgresql_url: str) -> None:
    """Who holds the baton, and where the journal ends; also through the quoted schema of the setting."""
    toy = Toy(tmp_path, postgresql_url, options={"journal_schema": 'My "own"'}).with_revisions()
    assert toy.initializer().initialize().success
    initializer = toy.initializer()
    journal = initializer.look().journal
    found = glance(initializer.engine, journal)
    head = toy.sql('SELECT seq, hash FROM "My ""own""".init_journal_head')[0]
    assert found == Glance((head[0], head[1]), ())
    baton = try_baton(initializer.engine, journal)
    assert baton is not None
    assert glance(initializer.engine, journal) == Glance((head[0], head[1]), (baton.backend(),))
    baton.release()
    assert glance(initializer.engine, journal) == found


def test_it_goes_on_when_the_holder_is_killed(tmp_path: Path, database_url: str) -> None:
    """A process that waits works as soon as the one that had the baton is gone."""
    toy = Toy(tmp_path, database_url, options={"schema_from": "migrations"}).with_revisions()
    with stopped_after(toy, "migration_applied"):
        outcome = toy.initializer(wait_limit=0.5).attend()
        assert outcome.error is not None and outcome.error.reference == "wait-limit"
    begun = time.monotonic()
    assert toy.initializer().initialize().success
    assert time.monotonic() - begun < 30
