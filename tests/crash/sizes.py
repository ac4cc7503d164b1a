"""How many points the long form takes: every so many, by what a point costs; and the order of its sweeps."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.crash.scenario import POSTGRESQL, SQLITE_JOURNAL, SQLITE_WAL
from tests.crash.scenarios import SCENARIOS

if TYPE_CHECKING:
    from tests.crash.sweeping import Task

_LARGE = frozenset({"thirty", "rows", "optuna"})
"""Scenarios of a thousand driver calls, whose resume takes long."""

_EVERY = {"C": (6, 60), "D": (12, 100), "F": (60, 400), "G": (12, 40)}
"""Layer → every how many in ordinary scenarios, and in large ones. What is not named is taken whole."""

_EVERY_KIND = {
    ("R", "pair"): (1, 4),
    ("B", "power"): (1, 3),
    ("B", "torn"): (1, 2),
    ("E", "commit-late"): (3, 12),
    ("E", "commit-before"): (1, 4),
    ("E", "commit-after"): (1, 4),
    ("E", "message-before"): (10, 80),
    ("E", "message-after"): (10, 80),
    ("F", "full-table"): (90, 600),
    ("F", "full-wal"): (180, 900),
    ("I", "direct"): (4, 4),
    ("I", "pgbouncer"): (8, 8),
    ("I", "crowded"): (8, 8),
}
"""The same where a kind has its own."""

_EVERY_DATABASE = {("H", True): 400, ("H", False): 150, ("K", True): 16, ("K", False): 4}
"""The same by whether it is PostgreSQL."""

_ALL_SCHEDULES = "models"
"""The scenario of which every schedule with at most two switches is tried."""

_EVERY_SCHEDULE = {SQLITE_WAL: 1, SQLITE_JOURNAL: 3, POSTGRESQL: 12}
"""Database → every how many of its schedules."""

_CHEAP = frozenset({"A", "B", "R"})
"""Layers whose points cost little: they go ahead of the others, twice as far at any moment."""


def every(task: Task) -> int:
    """Every how many of the task's points the long form takes."""
    if task.layer == "H" and task.scenario == _ALL_SCHEDULES:
        return _EVERY_SCHEDULE[task.database]
    large = task.scenario in _LARGE
    if (found := _EVERY_DATABASE.get((task.layer, task.database == POSTGRESQL))) is not None:
        return found
    return _EVERY_KIND.get((task.layer, task.kind), _EVERY.get(task.layer, (1, 1)))[large]


def long_form(tasks: list[Task]) -> list[Task]:
    """The tasks at their sizes, so ordered that each layer has its share at any moment."""
    of_layer = Counter(task.layer for task in tasks)
    seen: Counter[str] = Counter()
    placed = []
    names = list(SCENARIOS)
    for task in sorted(tasks, key=lambda task: names.index(task.scenario)):
        place = (seen[task.layer] + 0.5) / of_layer[task.layer]
        placed.append((place / (2 if task.layer in _CHEAP else 1), task.layer, task))
        seen[task.layer] += 1
    return [replace(task, every=every(task)) for _, _, task in sorted(placed, key=lambda one: one[:2])]
