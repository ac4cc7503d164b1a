"""Layer I: swarms that boot at once, and die and stop at random meanwhile; survivors end ready, once."""

from __future__ import annotations

import contextlib
import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.crash import comparing, trying
from tests.crash.places import Place, PostgresPlace
from tests.crash.point import Point, Tried
from tests.crash.scenario import DATABASES as ALL
from tests.crash.scenario import Answer
from tests.crash.trying import Expected
from tests.support.pgbouncer import PgBouncer
from tests.support.postgres_server import PostgresServer
from tests.support.swarm import Booted, boot_together

LETTER = "I"
ABOUT = (
    "2 to 100 processes at once, of which some die by SIGKILL at a thing that they saw or at any instant, and"
    " some are stopped and go on; also through PgBouncer, and with fewer connections than processes"
)
DATABASES = ALL
KINDS = ("direct", "pgbouncer", "crowded")

SIZES = (2, 5, 12, 3, 30, 8, 60, 20, 100)
"""How many processes the swarms have, one after the other."""

COUNT = 18
"""How many swarms a full sweep has."""

_SESSIONS, _CONNECTIONS = 6, 24
"""Of PgBouncer for all clients, and of a crowded server."""


def sweep(place: Place, expected: Expected, kind: str, every: int) -> Iterator[Tried]:
    """`COUNT` swarms (or every `every`th of them)."""
    with _where(place, kind) as here:
        for number in range(1, COUNT + 1, every):
            yield _at(here, expected, kind, number)


def one(place: Place, expected: Expected, kind: str, number: str) -> Tried:
    """The swarm of that number: its size and its seed; the instants are the machine's."""
    with _where(place, kind) as here:
        return _at(here, expected, kind, int(number))


@contextlib.contextmanager
def _where(place: Place, kind: str) -> Iterator[Place]:
    """The place itself, or one on a server of few connections."""
    if kind != "crowded":
        yield place
        return
    server = PostgresServer({"max_connections": str(_CONNECTIONS)})
    try:
        other = PostgresPlace(place.scenario, place.database, place.folder / "crowded", server)
        yield other
        other.close()
    finally:
        server.remove()


def _at(place: Place, expected: Expected, kind: str, number: int) -> Tried:
    scenario, size = place.scenario, SIZES[(number - 1) % len(SIZES)]
    point = Point(scenario.name, place.database, LETTER, kind, str(number))
    place.reset()
    booted, left = _booted(place, kind, size, number)
    died = sum(one.outcome == "killed" for one in booted)
    label = f"{size} processes, {died} died, {sum(one.named for one in booted)} named whom they waited for"
    problems = [*left, *_went_wrong(place, booted)]
    if died == size:
        return Tried(point, problems=(*problems, *trying.problems_after(place, expected)), label=label)
    return Tried(point, problems=(*problems, *trying.compared(place, expected)), label=label)


def _booted(place: Place, kind: str, size: int, seed: int) -> tuple[list[Booted], list[str]]:
    """The swarm, and what it leaves in the sessions that PgBouncer keeps."""
    chance = random.Random(seed)
    fated = chance.sample(range(size), chance.randint(0, size // 2))
    fates = {number: chance.randint(1, 12) for number in fated}
    kills, stops = chance.randint(0, size // 4), chance.randint(0, size // 4)
    app: Any = place.app
    toy = replace(app, options={**app.options, "attempts": 1000})
    halls = set(place.folder.glob("hall-*"))
    left: list[str] = []
    with contextlib.ExitStack() as stack:
        if kind == "pgbouncer":
            assert isinstance(place, PostgresPlace)
            bouncer = PgBouncer(place.server, pool_size=_SESSIONS)
            stack.callback(bouncer.close)
            toy.url = bouncer.url(place.url)
        booted = boot_together(toy, size, fates=fates, kills=kills, stops=stops, seed=seed)
        if isinstance(place, PostgresPlace):
            left += place.held()
    for hall in set(place.folder.glob("hall-*")) - halls:
        shutil.rmtree(hall)
    return booted, left


def _went_wrong(place: Place, booted: list[Booted]) -> Iterator[str]:
    for one in booted:
        if one.outcome == "hung":
            yield f"stuck: process {one.number} has not ended"
        elif one.outcome != "killed":
            for text in comparing.answer_problems(place.scenario.ends, Answer(one.outcome, one.errors)):
                yield f"{text} (process {one.number})"
