"""Layer R: the resume is stopped as well, at every point, and resumed: all pairs of points on SQLite."""

from __future__ import annotations

import signal
from collections.abc import Iterator

from tests.crash import acknowledged, taps, trying
from tests.crash.facts import Told
from tests.crash.judging import content
from tests.crash.layers.statements import Album, photograph
from tests.crash.places import SqlitePlace
from tests.crash.point import Point, Tried
from tests.crash.scenario import SQLITE_JOURNAL, SQLITE_WAL
from tests.crash.trying import Expected

LETTER = "R"
ABOUT = "SQLite, the resume stopped as well: every distinct state of the run, every point of its resume"
DATABASES = (SQLITE_WAL, SQLITE_JOURNAL)
KINDS = ("pair",)


def sweep(place: SqlitePlace, expected: Expected, kind: str, every: int) -> Iterator[Tried]:
    """Every `every`th distinct state of the run, and of each all points of the resume."""
    place.reset()
    album = photograph(place)
    known: dict[str, tuple[str, ...]] = {}
    for state in list(album.files)[::every]:
        acknowledged.forget(place.folder)
        first = album.states.index(state) + 1
        place.write(album.files[state])
        if place.scenario.order and trying.is_finished(place, expected):
            continue
        place.write(album.files[state])
        again = photograph(place, trying.start_resume)
        yield from _resumed(place, expected, first, again, known)


def _resumed(
    place: SqlitePlace, expected: Expected, first: int, album: Album, known: dict[str, tuple[str, ...]]
) -> Iterator[Tried]:
    """Pairs that leave the same rows, schema and journal are one state, whatever their files hold else."""
    names: dict[str, str] = {}
    stories: dict[str, Told] = {}
    for number, (state, label) in enumerate(zip(album.states, album.labels, strict=True), start=1):
        if state not in names:
            place.write(album.files[state])
            names[state] = content(place, album.files[state])
            stories[state] = trying.story(place)
        name = names[state]
        if name not in known:
            acknowledged.forget(place.folder)
            place.write(album.files[state])
            known[name] = trying.problems_after(place, expected)
        problems = (*acknowledged.missing(album.told[number - 1], stories[state]), *known[name])
        yield Tried(_point(place, f"{first}+{number}"), name, problems=problems, label=label)


def one(place: SqlitePlace, expected: Expected, kind: str, number: str) -> Tried:
    """`7+31`: SIGKILL at point 7 of the run, SIGKILL at point 31 of the resume, resume."""
    first, second = map(int, number.split("+"))
    place.reset()
    for start, at in ((trying.start, first), (trying.start_resume, second)):
        ended = start(place, taps.kill_at(at)).wait()
        assert ended.signal == signal.SIGKILL, f"point {at} did not kill"
    state = trying.digest(place)
    problems = trying.problems_after(place, expected)
    return Tried(_point(place, number), state, problems=problems, label=expected.labels[first - 1])


def _point(place: SqlitePlace, number: str) -> Point:
    return Point(place.scenario.name, place.database, LETTER, "pair", number)
