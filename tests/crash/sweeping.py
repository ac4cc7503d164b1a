"""Sweeps: which there are, and working them off in several processes, each with its own server and folder."""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import pickle
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.crash import report, trying
from tests.crash.layers import LAYERS
from tests.crash.places import Place, make_place
from tests.crash.point import Counts
from tests.crash.scenario import POSTGRESQL, Scenario
from tests.crash.scenarios import SCENARIOS
from tests.crash.trying import Expected
from tests.support.postgres_server import PostgresServer


@dataclass(frozen=True, slots=True)
class Task:
    """All points of one kind of one layer, of one scenario on one database."""

    layer: str
    scenario: str
    database: str
    kind: str
    every: int = 1

    @property
    def name(self) -> str:
        """As it is told."""
        return f"{self.layer}-{self.scenario}-{self.database}-{self.kind}"


@dataclass(slots=True)
class Done:
    """A task with its counts, how long it took (s) and, where the harness itself failed, how.

    `cut`: the time was over before its last point, perhaps before its first.
    """

    task: Task
    counts: Counts = field(default_factory=Counts)
    seconds: float = 0.0
    broken: str = ""
    cut: bool = False


def plan(
    scenarios: Sequence[str] | None,
    databases: Sequence[str] | None,
    layers: Sequence[str] | None,
    kind: str | None,
    every: int = 1,
) -> list[Task]:
    """Every task that the choice leaves; None is no choice."""
    return [
        Task(letter, scenario.name, database, one, every)
        for letter, layer in LAYERS.items()
        if not layers or letter in layers
        for scenario in SCENARIOS.values()
        if letter in scenario.layers and (not scenarios or scenario.name in scenarios)
        for database in scenario.databases
        if database in layer.DATABASES and (not databases or database in databases)
        for one in layer.KINDS
        if kind in (None, one) and _takes(letter, scenario, database, one)
    ]


def _takes(letter: str, scenario: Scenario, database: str, kind: str) -> bool:
    """Whether the layer has points there: schedules are of two boots, and not of large ones."""
    if letter == "R":
        return scenario.small or scenario.name == "thirty"
    if letter == "H":
        return scenario.small and not scenario.order
    return letter != "I" or kind == "direct" or database == POSTGRESQL


def sweep(task: Task, folder: Path, server: PostgresServer | None, until: float = math.inf) -> Done:
    """One task, in a folder that does not exist yet; cut off where time.monotonic() is past `until`."""
    begun = time.monotonic()
    place = make_place(SCENARIOS[task.scenario], task.database, folder, server)
    try:
        done = sweep_at(place, trying.expect(place), task, until)
    finally:
        place.close()
    done.seconds = time.monotonic() - begun
    return done


def sweep_at(place: Place, expected: Expected, task: Task, until: float = math.inf) -> Done:
    """The same at a place of its scenario and database, of which the uninterrupted run is known."""
    done = Done(task)
    for tried in LAYERS[task.layer].sweep(place, expected, task.kind, task.every):
        done.counts.add(tried)
        if time.monotonic() > until:
            done.cut = True
            break
    return done


@dataclass(frozen=True, slots=True)
class Course:
    """How tasks are worked off: by how many processes; until when (minutes), wherever they are; where the
    report is written; where results are kept, so that a later run goes on where this one was cut off."""

    workers: int = 2
    minutes: float = math.inf
    target: Path | None = None
    kept: Path | None = None


def work_off(tasks: Sequence[Task], course: Course) -> int:
    """Every task, several at a time; prints each as it ends. 1 where something failed."""
    begun = time.monotonic()
    runs, before = _kept(course.kept)
    known = {done.task for done in before}
    left = [task for task in tasks if task not in known]
    finished = list(before)
    for done in _worked_off(left, course.workers, begun + course.minutes * 60):
        finished.append(done)
        _tell(done, len(finished) - len(before), len(left))
        _keep(course.kept, done)
    runs.append(time.monotonic() - begun)
    _keep(course.kept, runs[-1])
    print(report.summary(finished, sum(runs)))
    if course.target is not None:
        course.target.write_text(report.page(finished, runs), encoding="utf-8")
    return 1 if any(done.broken or done.counts.problems for done in finished) else 0


def _kept(file: Path | None) -> tuple[list[float], list[Done]]:
    """The seconds of earlier runs, and what they have brought to its end."""
    runs: list[float] = []
    finished: list[Done] = []
    if file is not None and file.exists():
        with file.open("rb") as kept, contextlib.suppress(EOFError):
            while True:
                one = pickle.load(kept)
                (runs if isinstance(one, float) else finished).append(one)
    return runs, [done for done in finished if not done.cut and not done.broken]


def _keep(file: Path | None, one: Done | float) -> None:
    if file is not None:
        with file.open("ab") as kept:
            pickle.dump(one, kept)


def _worked_off(tasks: Sequence[Task], workers: int, until: float) -> Iterator[Done]:
    context = multiprocessing.get_context("fork")
    queue: Any = context.Queue()
    results: Any = context.Queue()
    for task in [*tasks, *[None] * workers]:
        queue.put(task)
    crew = [context.Process(target=_worker, args=(queue, results, until)) for _ in range(workers)]
    for one in crew:
        one.start()
    for _ in tasks:
        yield results.get()
    for one in crew:
        one.join()


def _worker(queue: Any, results: Any, until: float) -> None:
    root = Path(tempfile.mkdtemp(prefix="initdb-crash-", dir=memory()))
    server: PostgresServer | None = None
    try:
        while (task := queue.get()) is not None:
            if time.monotonic() > until:
                results.put(Done(task, cut=True))
                continue
            try:
                if server is None and task.database == POSTGRESQL:
                    server = PostgresServer()
                done = sweep(task, root / task.name, server, until)
            except Exception:
                done = Done(task, broken=traceback.format_exc())
                shutil.rmtree(root / task.name, ignore_errors=True)
            results.put(done)
    finally:
        if server is not None:
            server.remove()
        shutil.rmtree(root, ignore_errors=True)


def memory() -> str | None:
    """The folder that lies in memory, where there is one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def _tell(done: Done, number: int, of: int) -> None:
    how = ", cut off" if done.cut else ""
    print(f"[{number}/{of}] {done.task.name}: {done.counts.line()} in {done.seconds:.1f} s{how}", flush=True)
    if done.broken:
        print(f"  the harness failed:\n{done.broken}", file=sys.stderr, flush=True)
    for line in report.failures(done.counts):
        print(f"  {line}", flush=True)
