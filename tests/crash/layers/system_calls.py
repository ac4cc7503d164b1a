"""Layer B: the system calls of SQLite, recorded once and replayed up to each: kill, torn write, power."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.crash.disk import TOLD, Call, Disk, Image
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
    _check(place, start, calls)
    judge = Judge(place, expected)
    for left in remains(start, calls, kind, every):
        problems = judge.problems(left.image, left.told)
        point = _point(place, kind, left.number)
        yield Tried(point, name_of(left.image), problems=problems, label=left.label)


@dataclass(frozen=True, slots=True)
class Left:
    """What a fault leaves: its number, the files, what the run was told to be committed, and how it came.

    A number tells a power cut's way behind a dot.
    """

    number: str
    image: Image
    told: frozenset[str]
    label: str


def remains(
    start: Image, calls: Sequence[Call], kind: str, every: int = 1, heeds_syncs: bool = True
) -> Iterator[Left]:
    """What each point of a kind leaves."""
    disk = Disk(start, heeds_syncs)
    told: frozenset[str] = frozenset()
    number = 0
    for call in calls:
        if call.kind == TOLD:
            told |= frozenset(call.data.decode().split())
            continue
        number += 1
        chosen = (number - 1) % every == 0
        if chosen and kind == "torn" and call.kind == "write":
            yield Left(str(number), disk.torn(call), told, f"in the middle of {call.label}")
        disk.do(call)
        if chosen and kind == "kill":
            yield Left(str(number), disk.killed(), told, f"after {call.label}")
        if chosen and kind == "power":
            for way, how in enumerate(_CUTS, start=1):
                image = disk.unplugged(how, random.Random(f"{number}.{way}"))
                yield Left(f"{number}.{way}", image, told, f"after {call.label}, {how} kept")


def _check(place: SqlitePlace, start: Image, calls: list[Call]) -> None:
    """The replay of all calls must give the files that the run has left, byte for byte."""
    disk = Disk(start)
    for call in calls:
        if call.kind != TOLD:
            disk.do(call)
    replayed, left = disk.killed(), place.read()
    assert replayed == left, f"replayed {sorted(replayed)}, the run left {sorted(left)}"


def one(place: SqlitePlace, expected: Expected, kind: str, number: str) -> Tried:
    """The point of that number of a new recording, which has the same calls unless the code has changed."""
    place.reset()
    start = place.read()
    calls = record(place)
    for left in remains(start, calls, kind):
        if left.number == number:
            problems = Judge(place, expected).problems(left.image, left.told)
            return Tried(
                _point(place, kind, number), name_of(left.image), problems=problems, label=left.label
            )
    raise LookupError(f"{kind} has no point {number}: {len(calls)} calls were recorded")


def _point(place: SqlitePlace, kind: str, number: str) -> Point:
    return Point(place.scenario.name, place.database, LETTER, kind, number)
