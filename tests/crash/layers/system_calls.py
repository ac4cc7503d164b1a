"""Layer B: the system calls of SQLite, recorded once and replayed up to each: kill, torn write, power."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.crash import trying
from tests.crash.disk import Call, Disk, Image
from tests.crash.judging import Judge
from tests.crash.places import SqlitePlace, name_of
from tests.crash.point import Point, Tried
from tests.crash.recording import record
from tests.crash.scenario import SQLITE_JOURNAL, SQLITE_WAL
from tests.crash.trying import Expected

LETTER = "B"
ABOUT = "SQLite, every system call recorded by strace and replayed: kill, torn write, four power cuts each"
DATABASES = (SQLITE_WAL, SQLITE_JOURNAL)
KINDS = ("kill", "torn", "power")

_CUTS = ("nothing", "last", "some", "some")


def sweep(place: SqlitePlace, expected: Expected, kind: str, every: int) -> Iterator[Tried]:
    """Every call (or every `every`th); what SQLite recovers to the same is resumed once."""
    place.reset()
    start = place.read()
    calls = record(place)
    assert calls, "no system call was recorded"
    _check(place, start, calls)
    judge = Judge(place, expected)
    for number, image, label in images(start, calls, kind, every):
        yield Tried(_point(place, kind, number), name_of(image), problems=judge.problems(image), label=label)


def images(
    start: Image, calls: list[Call], kind: str, every: int = 1, heeds_syncs: bool = True
) -> Iterator[tuple[str, Image, str]]:
    """Number, files and label of each point of a kind. A number tells a power cut's way behind a dot."""
    disk = Disk(start, heeds_syncs)
    for number, call in enumerate(calls, start=1):
        chosen = (number - 1) % every == 0
        if chosen and kind == "torn" and call.kind == "write":
            yield str(number), disk.torn(call), f"in the middle of {call.label}"
        disk.do(call)
        if chosen and kind == "kill":
            yield str(number), disk.killed(), f"after {call.label}"
        if chosen and kind == "power":
            for way, how in enumerate(_CUTS, start=1):
                chance = random.Random(f"{number}.{way}")
                yield f"{number}.{way}", disk.unplugged(how, chance), f"after {call.label}, {how} kept"


def _check(place: SqlitePlace, start: Image, calls: list[Call]) -> None:
    """The replay of all calls must give the files that the run has left, byte for byte."""
    disk = Disk(start)
    for call in calls:
        disk.do(call)
    replayed, left = disk.killed(), place.read()
    assert replayed == left, f"replayed {sorted(replayed)}, the run left {sorted(left)}"


def one(place: SqlitePlace, expected: Expected, kind: str, number: str) -> Tried:
    """The point of that number of a new recording, which has the same calls unless the code has changed."""
    place.reset()
    start = place.read()
    calls = record(place)
    for found, image, label in images(start, calls, kind):
        if found == number:
            place.write(image)
            problems = trying.problems_after(place, expected)
            return Tried(_point(place, kind, number), name_of(image), problems=problems, label=label)
    raise LookupError(f"{kind} has no point {number}: {len(calls)} calls were recorded")


def _point(place: SqlitePlace, kind: str, number: str) -> Point:
    return Point(place.scenario.name, place.database, LETTER, kind, number)
