"""Measures two programs that do the same work, in turn, each in a process of its own."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TIME_LIMIT = 900
"""Seconds that one process may take."""

LOOP = """
import gc, json, os, resource, sys, time
def measured(work, times, before=lambda: None, warm=1):
    rows = []
    for number in range(times + warm):
        state = before()
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        work() if state is None else work(state)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        if number >= warm:
            rows.append({"cpu": cpu, "wall": wall})
    print("SAMPLES " + json.dumps(rows), flush=True)
"""
"""What a program that measures itself begins with: `measured(work, times)` prints the samples."""


LAUNCH = """
import json, os, sys, time
wall = time.perf_counter()
_, status, used = os.wait4(os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ), 0)
sample = {"cpu": used.ru_utime + used.ru_stime, "wall": time.perf_counter() - wall, "rss": used.ru_maxrss / 1024}
print("SAMPLES " + json.dumps([sample]), flush=True)
sys.exit(os.waitstatus_to_exitcode(status) != 0)
"""
"""A small process that starts a command: of one that a large process starts, Linux says that one's memory."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program in Python, or a command.

    Attributes:
        text: Its source, which follows LOOP and prints samples; or the words of a command, which is measured
            as a whole process.
        folder: Where it runs.
        environ: What its environment has besides this process's own.
        before: Called before each process, outside of what is measured.
    """

    text: str | Sequence[str]
    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[], object] = lambda: None

    def run(self) -> list[dict[str, float]]:
        """Run it once.

        Returns:
            The samples, each with `cpu` and `wall` in seconds; a whole process's with `rss` in MiB, too.

        Raises:
            RuntimeError: It failed.
        """
        self.before()
        whole = not isinstance(self.text, str)
        program = (LAUNCH, *self.text) if whole else (LOOP + str(self.text),)
        own = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        process = subprocess.run(
            [sys.executable, "-c", *program],
            cwd=self.folder,
            env={**own, **self.environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIME_LIMIT,
            check=False,
        )
        said = process.stdout
        if process.returncode:
            raise RuntimeError(f"exit code {process.returncode}:\n{said[-3000:]}")
        found = [line for line in said.splitlines() if line.startswith("SAMPLES ")]
        samples: list[dict[str, float]] = json.loads(found[-1].removeprefix("SAMPLES "))
        return samples


@dataclass(frozen=True, slots=True)
class Figure:
    """What one quantity was, of several samples.

    Attributes:
        median: The median.
        low: The lower quartile.
        high: The upper quartile.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> Figure:
        """Of samples, of which there is at least one."""
        if len(samples) == 1:
            return cls(samples[0], samples[0], samples[0])
        low, median, high = statistics.quantiles(samples, n=4, method="inclusive")
        return cls(median, low, high)


@dataclass(frozen=True, slots=True)
class Measured:
    """What two programs took.

    Attributes:
        ours: Quantity → figure.
        peer: The same of the other program.
        ratios: Quantity → the median of the ratios of each round, ours to the peer's.
    """

    ours: Mapping[str, Figure]
    peer: Mapping[str, Figure]
    ratios: Mapping[str, float]


def beside(ours: Program, peer: Program, rounds: int) -> Measured:
    """Run two programs in turn.

    Args:
        ours: Ours.
        peer: What it is compared with.
        rounds: How often each is run.
    """
    mine, theirs, ratios = list[dict[str, float]](), list[dict[str, float]](), dict[str, list[float]]()
    for number in range(rounds):
        first, second = (ours, peer) if number % 2 == 0 else (peer, ours)
        found = {id(one): one.run() for one in (first, second)}
        here, there = found[id(ours)], found[id(peer)]
        mine, theirs = [*mine, *here], [*theirs, *there]
        for name in here[0].keys() & there[0].keys():
            middle = (statistics.median(one[name] for one in side) for side in (here, there))
            a, b = middle
            ratios.setdefault(name, []).append(a / b)
    return Measured(
        {name: Figure.of([one[name] for one in mine]) for name in mine[0]},
        {name: Figure.of([one[name] for one in theirs]) for name in theirs[0]},
        {name: statistics.median(all_) for name, all_ in sorted(ratios.items())},
    )
