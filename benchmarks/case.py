"""One benchmark: what is measured, beside what, and which ratio it should reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Program


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and how large a benchmark is.

    Attributes:
        folder: A folder of its own, which is empty.
        database: "sqlite" or "postgresql".
        database_of: Makes an empty database for a name, and gives its URL.
        quick: Whether it is to be small, so that CI can run it.
    """

    folder: Path
    database: str
    database_of: Callable[[str], str]
    quick: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A benchmark.

    Attributes:
        name: What it is called on the command line.
        title: What is measured, in words.
        beside: What it is compared with, in words.
        quantity: Which quantity counts: cpu, wall or rss.
        most: The ratio, ours to the peer's, that it should not exceed.
        make: Makes our program and the peer's.
        databases: The databases that it is for.
        rounds: How often each program is run.
    """

    name: str
    title: str
    beside: str
    quantity: str
    most: float
    make: Callable[[Setting], tuple[Program, Program]]
    databases: tuple[str, ...] = ("sqlite", "postgresql")
    rounds: int = 5
