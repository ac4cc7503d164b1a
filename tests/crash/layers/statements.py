"""Layer A: SQLite stopped before and after every statement, from photographs of one forward run.

What SIGKILL leaves of a SQLite database is exactly its files, so a second process copies them at every point,
and distinct ones are resumed. Every fiftieth point is killed for real and must leave what was
photographed.
"""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.crash import acknowledged, taps, trying
from tests.crash.children import LIMIT, Stuck
from tests.crash.judging import Judge
from tests.crash.places import Files, SqlitePlace, name_of
from tests.crash.point import Point, Tried
from tests.crash.scenario import SQLITE_JOURNAL, SQLITE_WAL
from tests.crash.trying import Expected

LETTER = "A"
ABOUT = "SQLite, before and after every statement: photographs, SIGKILL as a guard on every 50th"
DATABASES = (SQLITE_WAL, SQLITE_JOURNAL)
KINDS = ("kill",)
GUARD = 50


@dataclass(slots=True)
class Album:
    """The photographs of one run: each point's state, and the files of each state."""

    states: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    files: dict[str, Files] = field(default_factory=dict)
    told: list[frozenset[str]] = field(default_factory=list)

    def add(self, files: Files, told: frozenset[str]) -> None:
        """One photograph more, and the events that were committed until then, as the run was told."""
        state = name_of(files)
        self.states.append(state)
        self.files.setdefault(state, files)
        self.told.append(told)


def photograph(place: SqlitePlace, run: trying.Starter = trying.start) -> Album:
    """Run once and copy the files at each point, in this process, while the child waits."""
    album = Album()
    here, there = socket.socketpair()

    def wait(moment: taps.Moment) -> None:
        if moment.number == 1:
            here.close()
        there.sendall(b".")
        assert there.recv(1), "the photographer is gone"

    child = run(place, wait)
    there.close()
    with here:
        here.settimeout(LIMIT)
        try:
            while here.recv(1):
                album.add(place.read(), acknowledged.read(place.folder))
                here.sendall(b".")
        except TimeoutError as error:
            child.kill()
            raise Stuck(f"the run stopped after {len(album.states)} points") from error
    answer = child.wait().answer
    album.labels = answer["labels"]
    assert len(album.labels) == len(album.states) > 0
    return album


def sweep(place: SqlitePlace, expected: Expected, kind: str, every: int) -> Iterator[Tried]:
    """Every point (or every `every`th), what SQLite recovers to the same is resumed once."""
    place.reset()
    album = photograph(place)
    assert len(album.states) == expected.total
    judge = Judge(place, expected)
    for number in range(1, expected.total + 1):
        if (number - 1) % every and number % GUARD:
            continue
        state = album.states[number - 1]
        point = _point(place, kind, number)
        problems = judge.problems(album.files[state], album.told[number - 1])
        if number % GUARD == 0:
            problems += tuple(_guard(place, album, number))
        yield Tried(point, state, problems=problems, label=album.labels[number - 1])
    trying.completes(place, taps.kill_at(expected.total + 1))


def _guard(place: SqlitePlace, album: Album, number: int) -> Iterator[str]:
    """SIGKILL here must leave the files that were photographed: names, sizes, content as recovered."""
    _kill(place, number)
    killed, photographed = place.read(), album.files[album.states[number - 1]]
    if {name: len(content) for name, content in killed.items()} != {
        name: len(content) for name, content in photographed.items()
    }:
        yield f"different: SIGKILL left {_sizes(killed)}, the photograph shows {_sizes(photographed)}"
    left = trying.digest(place)
    place.write(photographed)
    if trying.digest(place) != left:
        yield "different: SIGKILL left another content than the photograph shows"


def _kill(place: SqlitePlace, number: int) -> None:
    place.reset()
    ended = trying.start(place, taps.kill_at(number)).wait()
    assert ended.signal == signal.SIGKILL, f"point {number} did not kill"


def _sizes(files: Files) -> str:
    return ", ".join(f"{name} {len(content)}" for name, content in sorted(files.items()))


def one(place: SqlitePlace, expected: Expected, kind: str, number: str) -> Tried:
    """One point by a real SIGKILL."""
    at = int(number)
    _kill(place, at)
    state = name_of(place.read())
    problems = trying.problems_after(place, expected)
    return Tried(_point(place, kind, at), state, problems=problems, label=expected.labels[at - 1])


def _point(place: SqlitePlace, kind: str, number: int) -> Point:
    return Point(place.scenario.name, place.database, LETTER, kind, str(number))
