"""Layer K: databases live through random lives, against a model: new code, kills, races, orders, backups."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.crash.places import Place, PostgresPlace
from tests.crash.point import Point, Tried
from tests.crash.scenario import POSTGRESQL, SQLITE_WAL
from tests.crash.trying import Expected
from tests.model import places as living
from tests.model.test_random_lives import STEPS, Life

LETTER = "K"
ABOUT = "a hypothesis state machine over journal, crash, race, resume; a point is a life of eight events"
DATABASES = (SQLITE_WAL, POSTGRESQL)
KINDS = ("life",)

COUNT, LIVES = 200, 10
"""How many seeds a full sweep has, and how many lives a seed."""


def sweep(place: Place, expected: Expected, kind: str, every: int) -> Iterator[Tried]:
    """Every seed (or every `every`th); each life is a point."""
    for seed in range(1, COUNT + 1, every):
        lived, wrong = _live(place, seed)
        for number in range(1, lived + 1):
            failed = (wrong,) if wrong and number == lived else ()
            point = Point(place.scenario.name, place.database, LETTER, kind, f"{seed}.{number}")
            yield Tried(point, problems=failed, label=f"seed {seed}")


def one(place: Place, expected: Expected, kind: str, number: str) -> Tried:
    """All lives of the seed before the dot, in their order."""
    lived, wrong = _live(place, int(number.split(".", maxsplit=1)[0]))
    point = Point(place.scenario.name, place.database, LETTER, kind, number)
    return Tried(point, problems=(wrong,) if wrong else (), label=f"{lived} lives")


def _live(place: Place, seed: int) -> tuple[int, str]:
    """How many lives were begun, and what was wrong with the last one."""
    lived = 0
    make = _maker(place)

    def begin() -> living.Place:
        nonlocal lived
        lived += 1
        return make()

    members = {"place": staticmethod(begin), "_hypothesis_internal_use_seed": seed}
    machine: Any = type("Here", (Life,), members)
    chosen = settings(
        max_examples=LIVES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(machine, settings=chosen)
    except Exception as error:
        told = "\n".join(getattr(error, "__notes__", ()))
        return lived, f"different: {type(error).__name__}: {error}\n{told}"
    return lived, ""


def _maker(place: Place) -> Callable[[], living.Place]:
    def make() -> living.Place:
        name = f"life_{uuid.uuid4().hex[:12]}"
        folder = place.folder / name
        folder.mkdir()
        if not isinstance(place, PostgresPlace):
            return living.FilePlace(folder, f"sqlite:///{folder / 'life.db'}")
        place.run(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy")
        return living.ServerPlace(folder, place.server.url(name), place.server, name)

    return make
