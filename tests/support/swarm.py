"""Many processes that boot one application at the same moment; some of them may be killed."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import random
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from initdb.statemachine.loop import dispatch, run
from initdb.statemachine.render.results import InitializationResult
from initdb.statemachine.site import Waiting, Watcher
from initdb.statemachine.table import State
from initdb.steps.context import StepContext
from tests.support.toy import Toy
from tests.support.waiting import wait_until

Prepare = Callable[[int], Toy]

_COURTESY = 15
"""How much is added to the niceness of a process that waits: a hundred look again and again for as long
as the one works, which has a hundredth of the machine otherwise."""

LIMIT = 100.0
"""Seconds until a process that has not ended is taken to hang."""


@dataclass(frozen=True)
class Booted:
    """What one of them saw: how it ended, which steps it did itself, its errors, whom it waited for.

    `outcome` is "killed" where it was, and "hung" where it had not ended in time.
    """

    number: int
    outcome: str
    steps: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    waited: tuple[str, ...] = ()

    @property
    def named(self) -> bool:
        """Whether it waited for a process by name."""
        return any("toy on " in why and "is at work" in why for why in self.waited)


@dataclass(frozen=True)
class Swarm:
    """`hold`: whoever works does nothing before that many others have named it.

    `fates`: after how many things that it saw (an event of its own, a wait) a process kills itself. `kills`:
    how many are killed by chance besides, at instants drawn by `seed`.
    """

    prepare: Prepare
    count: int
    hold: int = 0
    fates: Mapping[int, int] = field(default_factory=dict)
    kills: int = 0
    seed: int = 0
    stops: int = 0


def boot_together(
    toy: Toy,
    count: int,
    hold: int = 0,
    prepare: Prepare | None = None,
    fates: Mapping[int, int] | None = None,
    kills: int = 0,
    seed: int = 0,
    stops: int = 0,
) -> list[Booted]:
    """Fork `count` processes, boot them together once all are prepared, and wait for their ends."""
    swarm = Swarm(prepare or (lambda number: toy), count, hold, fates or {}, kills, seed, stops)
    _warm()
    swarm.prepare(0).initializer().attend(mode="check")
    hall = toy.folder / f"hall-{time.monotonic_ns()}"
    hall.mkdir()
    starting, start = os.pipe()
    told, tell = os.pipe()
    children = {_fork(swarm, number, hall, (starting, start, tell)): number for number in range(count)}
    os.close(starting)
    os.close(tell)
    ready = 0
    while ready < count and (some := os.read(told, count)):
        ready += len(some)
    os.close(told)
    os.close(start)
    ended: dict[int, int] = {}
    _disturb(swarm, list(children), ended)
    return _ends(children, ended, hall)


@functools.cache
def _warm() -> None:
    """What a first run imports, imported once here instead of in every child."""
    with tempfile.TemporaryDirectory() as folder:
        toy = Toy(Path(folder), f"sqlite:///{folder}/warm.db", options={"schema_from": "migrations"})
        assert toy.with_revisions().with_seeds().initializer().initialize().success


def _fork(swarm: Swarm, number: int, hall: Path, pipes: tuple[int, int, int]) -> int:
    pid = os.fork()
    if pid:
        return pid
    starting, start, tell = pipes
    os.close(start)
    try:
        answer = _boot(swarm, number, hall, starting, tell)
    except BaseException:
        answer = {"outcome": "raised", "errors": [traceback.format_exc()]}
    (hall / f"{number}.json").write_text(json.dumps(answer))
    os._exit(0)


def _boot(swarm: Swarm, number: int, hall: Path, starting: int, tell: int) -> dict[str, Any]:
    waited: list[str] = []
    left = swarm.fates.get(number)

    def seen(_: object) -> None:
        nonlocal left
        left = None if left is None else left - 1
        if left is not None and left < 1:
            os.kill(os.getpid(), signal.SIGKILL)

    def waiting(one: Waiting) -> None:
        if not waited:
            os.nice(_COURTESY)
        waited.append(one.why)
        if "toy on " in one.why:
            (hall / f"{number}.named").touch()
        seen(one)

    _hold_back(lambda: len(list(hall.glob("*.named"))) >= swarm.hold)
    initializer = swarm.prepare(number).initializer()
    initializer.site.watcher = Watcher(entry=seen, waiting=waiting)
    os.write(tell, b".")
    os.close(tell)
    os.read(starting, 1)
    return _answer(initializer.initialize()) | {"waited": sorted(set(waited))}


def _answer(result: InitializationResult) -> dict[str, Any]:
    return {"outcome": result.outcome, "steps": result.steps_completed, "errors": result.errors}


def _hold_back(until: Callable[[], bool]) -> None:
    """Let this process's own work begin only then."""
    inspect = dispatch.step_of(State.unknown)

    def later(ctx: StepContext) -> None:
        wait_until(until, limit=LIMIT)
        inspect(ctx)

    run.step_of = lambda state: later if state == State.unknown else dispatch.step_of(state)


def _disturb(swarm: Swarm, pids: Sequence[int], ended: dict[int, int]) -> None:
    """Kill some and stop some, in any order; those that were stopped go on in the end."""
    chance = random.Random(swarm.seed)
    chosen = chance.sample(pids, swarm.kills + swarm.stops)
    blows = dict.fromkeys(chosen[: swarm.kills], signal.SIGKILL)
    blows |= dict.fromkeys(chosen[swarm.kills :], signal.SIGSTOP)
    for pid in chance.sample(chosen, len(chosen)) if swarm.stops else chosen:
        time.sleep(chance.uniform(0, 0.05))
        if not _reaped(pid, ended):
            os.kill(pid, blows[pid])
    for pid in chosen[swarm.kills :]:
        if not _reaped(pid, ended):
            os.kill(pid, signal.SIGCONT)


def _reaped(pid: int, ended: dict[int, int]) -> bool:
    if pid not in ended:
        found, status = os.waitpid(pid, os.WNOHANG)
        if not found:
            return False
        ended[pid] = status
    return True


def _ends(children: Mapping[int, int], ended: dict[int, int], hall: Path) -> list[Booted]:
    wait_until(lambda: all(_reaped(pid, ended) for pid in children), limit=LIMIT, pause=0.02)
    for pid in children.keys() - ended.keys():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return [_end(number, ended.get(pid), hall / f"{number}.json") for pid, number in children.items()]


def _end(number: int, status: int | None, result: Path) -> Booted:
    if status is None:
        return Booted(number, "hung")
    if os.WIFSIGNALED(status):
        return Booted(number, "killed" if os.WTERMSIG(status) == signal.SIGKILL else "crashed")
    answer = json.loads(result.read_text())
    lists = {name: tuple(answer.get(name, ())) for name in ("steps", "errors", "waited")}
    return Booted(number, answer["outcome"], **lists)
