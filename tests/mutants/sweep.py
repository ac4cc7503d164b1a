"""The crash harness on a tree with a fault in it, up to the first point that fails: a program of its own."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tests.crash import trying
from tests.crash.layers import LAYERS
from tests.crash.places import Place, make_place
from tests.crash.point import Tried
from tests.crash.scenario import POSTGRESQL
from tests.crash.scenarios import SCENARIOS
from tests.crash.sweeping import memory
from tests.crash.trying import Expected
from tests.mutants.fault import Sweep
from tests.support.postgres_server import PostgresServer


def first_failure(
    sweep: Sweep, folder: Path, server: PostgresServer | None, only_likely: bool
) -> dict[str, object]:
    """`where` the harness fails ("" where it does not) and at which `number`, after how many `points`, `why`.

    An uninterrupted run that does not end as it must fails the harness before its first point.
    """
    points = 0
    place = make_place(SCENARIOS[sweep.scenario], sweep.database, folder, server)
    try:
        expected = trying.expect(place)
    except AssertionError as error:
        return {"where": "the uninterrupted run", "points": 0, "why": str(error), "number": ""}
    for tried in islice(_points(sweep, place, expected), 1 if only_likely else None):
        points += 1
        if tried.problems:
            number, why = tried.point.number, tried.problems[0]
            return {"where": tried.point.command(), "points": points, "why": why, "number": number}
    return {"where": "", "points": points, "why": "", "number": ""}


def _points(sweep: Sweep, place: Place, expected: Expected) -> Iterator[Tried]:
    layer = LAYERS[sweep.layer]
    if sweep.likely:
        yield layer.one(place, expected, sweep.kind, sweep.likely)
    yield from layer.sweep(place, expected, sweep.kind, sweep.every)


def main(words: list[str]) -> None:
    """LAYER SCENARIO DATABASE KIND EVERY LIKELY [only]; the last line printed is the answer as JSON."""
    layer, scenario, database, kind, every, likely, *only = words
    sweep = Sweep(layer, scenario, database, kind, int(every), likely)
    folder = Path(tempfile.mkdtemp(prefix="initdb-mutants-", dir=memory()))
    server = PostgresServer() if sweep.database == POSTGRESQL else None
    try:
        print(json.dumps(first_failure(sweep, folder / "app", server, bool(only))))
    finally:
        if server is not None:
            server.remove()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
