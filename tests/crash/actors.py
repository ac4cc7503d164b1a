"""Two processes under one scheduler: only one of them runs, and at chosen points the other one goes on.

Each is a child whose taps report before every call that matters to the other and wait to be told to go on.
A process that would sleep, because a lock is held or somebody else is at work, hands over instead. So a
schedule is a list of numbers: the points, counted over both, at which the other one gets its turn.
"""

from __future__ import annotations

import os
import re
import select
import signal
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Engine, event

from initdb.events import sqlite as sqlite_side
from initdb.events.baton import Baton, _NoBaton
from initdb.events.journal import Journal
from initdb.statemachine.loop import turn
from initdb.statemachine.loop.signals import Stopper
from tests.crash import children, steady, taps
from tests.crash.children import Child, Ended
from tests.crash.places import Place

MATTERS = re.compile(r"init_journal|advisory|BEGIN IMMEDIATE|initdb baton", re.IGNORECASE)
"""Statements that the other process can see or that see it; the rest is invisible to it until COMMIT."""

PATIENCE = 2.0
"""How long, in s, one may be silent before the other goes on as well: it waits inside the database."""

ENDLESS = 3000
"""How many turns a schedule may take before it counts as stuck."""

_POINT, _SLEEP, _GO, _DIE = b"p", b"s", b"g", b"d"


@dataclass(frozen=True, slots=True)
class Schedule:
    """Who begins (0 or 1), and at which points the turn passes. `dies`: the point at which a process dies."""

    first: int
    switches: tuple[int, ...]
    dies: int = 0

    @property
    def name(self) -> str:
        """`0:12,40`, and `0:12,40!55` where one dies at point 55."""
        at = ",".join(map(str, self.switches))
        return f"{self.first}:{at}" + (f"!{self.dies}" if self.dies else "")

    @classmethod
    def of(cls, name: str) -> Schedule:
        """The schedule of that name."""
        first, rest = name.split(":")
        switches, _, dies = rest.partition("!")
        return cls(int(first), tuple(int(part) for part in switches.split(",") if part), int(dies or 0))


@dataclass(slots=True)
class Played:
    """How a schedule went: how each process ended, and how many points and turns there were."""

    ended: list[Ended]
    points: int
    turns: int
    stuck: bool = False
    overlapped: int = 0


@dataclass(slots=True)
class _Actor:
    child: Child
    line: socket.socket
    alive: bool = True
    waiting: bool = False
    said: bytes = field(default=b"")


def play(place: Place, schedule: Schedule, apart: bool = False) -> Played:
    """Run the scenario in two processes by the schedule. `apart`: neither's baton keeps the other out."""
    actors = [_start(place, number, apart) for number in range(2)]
    played = _Stage(actors, schedule).run()
    for actor in actors:
        actor.line.close()
    return played


def _start(place: Place, number: int, apart: bool) -> _Actor:
    here, there = socket.socketpair()

    def act() -> dict[str, Any]:
        here.close()
        if apart:
            turn.try_baton = _for_everybody
        return _acting(place, number, there)

    child = children.fork(act)
    there.close()
    return _Actor(child, here)


def _acting(place: Place, number: int, line: socket.socket) -> dict[str, Any]:
    def ask(word: bytes) -> None:
        line.sendall(word)
        if line.recv(1) == _DIE:
            os.kill(os.getpid(), signal.SIGKILL)

    def pause(self: Stopper, seconds: float) -> None:
        ask(_SLEEP)
        self.check()

    def act(moment: taps.Moment) -> None:
        if moment.when == "before" and (
            moment.call in {"commit", "connect"} or MATTERS.search(moment.statement)
        ):
            ask(_POINT)

    steady.hold(number + 1)
    Stopper.pause = pause  # type: ignore[method-assign]
    sqlite_side._sleep = lambda seconds: ask(_SLEEP)
    initializer = place.app.initializer()
    initializer.site.clock = steady.clock(number + 1)
    taps.install(act)
    event.listen(Engine, "do_connect", _never_wait)
    ask(_POINT)
    return asdict(place.scenario.run(initializer))


def _for_everybody(engine: Engine, journal: Journal, since: object = None) -> Baton:
    return _NoBaton()


def _never_wait(dialect: Any, record: Any, args: Any, parameters: dict[str, Any]) -> None:
    if dialect.name == "sqlite":
        parameters["timeout"] = 0


class _Stage:
    """The scheduler's loop over two actors."""

    def __init__(self, actors: Sequence[_Actor], schedule: Schedule) -> None:
        self._actors, self._schedule = actors, schedule
        self._current = schedule.first
        self._played = Played([], 0, 0)

    def run(self) -> Played:
        """To the end of both; those that are stuck are killed."""
        for actor in self._actors:
            self._hear(actor, None)
        while any(actor.alive for actor in self._actors):
            self._played.turns += 1
            if self._played.turns > ENDLESS:
                self._played.stuck = True
                for actor in self._actors:
                    actor.child.kill()
                break
            self._turn()
        self._played.ended = [actor.child.wait() for actor in self._actors]
        return self._played

    def _turn(self) -> None:
        actor = self._actors[self._current]
        if not actor.alive:
            self._current = 1 - self._current
            return
        if actor.waiting and not self._tell(actor):
            return
        if not self._hear(actor, PATIENCE):
            # It waits inside the database for what the other one holds.
            self._played.overlapped += 1
            self._current = 1 - self._current
        elif actor.said == _SLEEP or self._passes(actor):
            self._current = 1 - self._current

    def _tell(self, actor: _Actor) -> bool:
        """Let it go on; false where it dies here."""
        dies = actor.said == _POINT and self._played.points == self._schedule.dies > 0
        actor.line.sendall(_DIE if dies else _GO)
        actor.waiting = False
        if dies:
            actor.alive = False
            self._played.points += 1
        return not dies

    def _passes(self, actor: _Actor) -> bool:
        if actor.said != _POINT or not actor.alive:
            return False
        self._played.points += 1
        return self._played.points in self._schedule.switches

    def _hear(self, actor: _Actor, limit: float | None) -> bool:
        """Wait for its next word; b"" is its end. False where it is silent for too long."""
        ready, _, _ = select.select([actor.line], [], [], limit)
        if not ready:
            return False
        actor.said = actor.line.recv(1)
        actor.alive = bool(actor.said)
        actor.waiting = actor.alive
        return True
