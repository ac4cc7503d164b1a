"""Layer H: two processes boot at once, in every order of their steps with at most two forced switches."""

from __future__ import annotations

from collections.abc import Iterator

from tests.crash import actors, comparing, trying
from tests.crash.actors import Played, Schedule
from tests.crash.children import Ended
from tests.crash.comparing import Picture
from tests.crash.places import Place
from tests.crash.point import Point, Tried
from tests.crash.scenario import DATABASES as ALL
from tests.crash.scenario import Answer
from tests.crash.trying import Expected

LETTER = "H"
ABOUT = "two processes at once: all schedules with at most two switches; with a death as the third choice"
DATABASES = ALL
KINDS = ("switches", "death", "apart")
"""`apart`: both have a baton, as where one lost its own unknowingly; only the head keeps them from harm."""


def sweep(place: Place, expected: Expected, kind: str, every: int) -> Iterator[Tried]:
    """Every schedule (or every `every`th), in the order of their names."""
    place.reset()
    length = actors.play(place, Schedule(0, ())).points
    assert length, "no point was reported"
    for schedule in list(_all(length, kind))[::every]:
        yield one(place, expected, kind, schedule.name)


def _all(length: int, kind: str) -> Iterator[Schedule]:
    """At most two switches; or one switch before which, or after which, the process at work dies."""
    for first in (0, 1):
        if kind == "death":
            for dies in range(1, length + 1):
                yield Schedule(first, (), dies)
                yield from (Schedule(first, (at,), dies) for at in range(max(1, dies - 8), dies))
            continue
        yield Schedule(first, ())
        for at in range(1, length + 1):
            yield Schedule(first, (at,))
            yield from (Schedule(first, (at, back)) for back in range(at + 1, length + 1))


def one(place: Place, expected: Expected, kind: str, number: str) -> Tried:
    """One schedule: who lives ends ready, and every step was done once."""
    place.reset()
    played = actors.play(place, Schedule.of(number), apart=kind == "apart")
    died = [ended for ended in played.ended if ended.signal]
    point = Point(place.scenario.name, place.database, LETTER, kind, number)
    problems = [*_went_wrong(place, played), *place.leftovers()]
    label = f"{played.points} points, {played.turns} turns, {played.overlapped} overlapped, {len(died)} died"
    if not problems:
        found = trying.look(place)
        problems += comparing.problems(expected.picture, found)
        problems += _too_many_runs(expected, found) if kind == "switches" else ()
    return Tried(point, died=kind != "death" or bool(died), problems=tuple(problems), label=label)


def _went_wrong(place: Place, played: Played) -> Iterator[str]:
    if played.stuck:
        yield f"stuck: no end after {played.turns} turns"
        return
    for ended in played.ended:
        if not ended.signal:
            yield from comparing.answer_problems(place.scenario.ends, _answer(ended))


def _too_many_runs(expected: Expected, found: Picture) -> Iterator[str]:
    """Where nobody dies one process does the work, in one run."""
    wanted, begun = (sum(kind.startswith("run_") for kind in p.told.types) for p in (expected.picture, found))
    if begun != wanted:
        yield f"different: {begun} runs began and ended, {wanted} in an uninterrupted run"


def _answer(ended: Ended) -> Answer:
    return Answer(ended.answer["outcome"], tuple(ended.answer["errors"]))
