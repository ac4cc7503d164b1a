"""Layer G: SIGKILL at random instants of the clock, and a resume at once, before anything has settled.

Here alone the pauses of the run and of its resume are those of an application.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator

from tests.crash import acknowledged, children, taps, trying
from tests.crash.places import Place
from tests.crash.point import Point, Tried
from tests.crash.scenario import DATABASES as ALL
from tests.crash.trying import Expected

LETTER = "G"
ABOUT = "SIGKILL at random instants, SQLite and PostgreSQL; all pauses as long as an application's"
DATABASES = ALL
KINDS = ("instant",)

COUNT = 240
"""How many instants are tried in a full sweep of one scenario on one database."""

_MEASURED = 3


def sweep(place: Place, expected: Expected, kind: str, every: int) -> Iterator[Tried]:
    """`COUNT` instants (or every `every`th of them), uniform over the length of a run."""
    length = _length(place)
    for number in range(1, COUNT + 1, every):
        yield _at(place, expected, number, length)


def one(place: Place, expected: Expected, kind: str, number: str) -> Tried:
    """The same share of a run's length as in a sweep; the instant itself is the machine's."""
    return _at(place, expected, int(number), _length(place))


def _at(place: Place, expected: Expected, number: int, length: float) -> Tried:
    scenario = place.scenario
    share = random.Random(f"{scenario.name} {place.database} {number}").random()
    point = Point(scenario.name, place.database, LETTER, "instant", str(number))
    place.reset()
    child = children.fork(lambda: _running(place))
    time.sleep(share * length)
    child.kill()
    died = child.wait().signal == signal.SIGKILL
    label = f"{share * length * 1000:.1f} ms of {length * 1000:.1f}"
    if scenario.order:
        # Whether it is to be repeated is read from the journal, once that stands.
        place.leftovers()
    problems = trying.problems_after(place, expected, trying.resume_unhurried)
    return Tried(point, died=died, problems=problems, label=label)


def _running(place: Place) -> bool:
    """A run as an application makes it, with its real pauses; only what was committed is noted."""
    taps.install(acknowledged.Recorder(place.folder / acknowledged.FILE).note)
    return bool(place.scenario.run(place.app.initializer()))


def _length(place: Place) -> float:
    """The median of a few runs, in s, from the fork on."""
    lengths = []
    for _ in range(_MEASURED):
        place.reset()
        begun = time.monotonic()
        children.call(lambda: _running(place))
        lengths.append(time.monotonic() - begun)
    return sorted(lengths)[_MEASURED // 2]
