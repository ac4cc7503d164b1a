"""Hunting the planted faults: the layer that must find a mutant sweeps up to the first point that does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.crash import trying
from tests.crash.layers import LAYERS
from tests.crash.mutants import Mutant
from tests.crash.places import make_place
from tests.crash.scenarios import SCENARIOS
from tests.support.postgres_server import PostgresServer


@dataclass(frozen=True, slots=True)
class Caught:
    """Where a mutant was found, after how many points, and by what. `where` is "" for one that survived."""

    mutant: Mutant
    where: str
    points: int
    why: str


def hunt(mutant: Mutant, folder: Path, server: PostgresServer | None) -> Caught:
    """Plant it and sweep until something does not hold; an uninterrupted run may show it already."""
    points = 0
    with mutant.planted():
        place = make_place(SCENARIOS[mutant.scenario], mutant.database, folder, server)
        try:
            expected = trying.expect(place)
        except AssertionError as error:
            return Caught(mutant, "the uninterrupted run", 0, str(error))
        for tried in LAYERS[mutant.layer].sweep(place, expected, mutant.kind, mutant.every):
            points += 1
            if tried.problems:
                return Caught(mutant, tried.point.command(), points, tried.problems[0])
    return Caught(mutant, "", points, "")
