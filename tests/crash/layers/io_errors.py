"""Layer C: SQLite's own system calls fail at call n, once or from then on: EIO, a full disk, half a write."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from tests.crash import acknowledged, failing, libc_calls, steady, taps
from tests.crash.children import Child, Stuck, fork
from tests.crash.judging import Judge
from tests.crash.places import SqlitePlace, name_of
from tests.crash.point import Point, Tried
from tests.crash.scenario import SQLITE_JOURNAL, SQLITE_WAL, Answer
from tests.crash.trying import Expected

LETTER = "C"
ABOUT = (
    "SQLite's system calls fail at call n, once or from then on: EIO (of writes, syncs, truncations, unlinks,"
    " openings, or of reads), ENOSPC, half a write and then ENOSPC; half a write and SIGKILL"
)
DATABASES = (SQLITE_WAL, SQLITE_JOURNAL)
KINDS = ("eio-once", "eio-ever", "full-once", "full-ever", "half-ever", "read-once", "read-ever", "half-kill")

_CHANGES = frozenset({"write", "sync", "truncate", "unlink", "open"})
_GROWS = frozenset({"write", "sync", "open"})
_FAMILIES = {"eio": _CHANGES, "full": _GROWS, "half": frozenset({"write"}), "read": frozenset({"read"})}


_STAYS_FULL = frozenset({"full-ever", "half-ever"})
_FULL = _STAYS_FULL | {"full-once"}
_FREE = 4
"""Where `f_bavail` stands."""

_statvfs = os.statvfs


@dataclass(slots=True)
class _Fault:
    """Counts the calls of a kind's family and strikes at one of them; number 0: only counts."""

    kind: str
    number: int
    seen: int = 0
    struck: str = ""

    def __call__(self, call: str, real: Callable[..., int], arguments: tuple[Any, ...]) -> int:
        what, when = self.kind.split("-")
        if call not in _FAMILIES[what] or (call == "open" and not arguments[1] & os.O_CREAT):
            return real(*arguments)
        self.seen += 1
        if not self.number or self.seen < self.number:
            return real(*arguments)
        if self.seen == self.number:
            self.struck = call
            return self._first(what, when, real, arguments)
        return real(*arguments) if when == "once" else self._fails(what)

    def _first(self, what: str, when: str, real: Callable[..., int], arguments: tuple[Any, ...]) -> int:
        if what != "half":
            return self._fails(what)
        file, data, size, offset = arguments
        written = real(file, data, size // 2, offset)
        if when == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        return written or self._fails(what)

    def _fails(self, what: str) -> int:
        return libc_calls.fail(errno.EIO if what in {"eio", "read"} else errno.ENOSPC)

    def statvfs(self, path: object) -> os.statvfs_result:
        """What the file system says of itself: of one that stays full, that nothing is free."""
        found = list(_statvfs(path))  # type: ignore[call-overload]
        if self.struck and self.kind in _STAYS_FULL:
            found[_FREE] = 0
        return os.statvfs_result(found)


def sweep(place: SqlitePlace, expected: Expected, kind: str, every: int) -> Iterator[Tried]:
    """Every call (or every `every`th); what SQLite recovers to the same is resumed once."""
    libc_calls.prepare()
    with failing.failures_told(place):
        total = _count(place, kind)
        judge = Judge(place, expected)
        for number in range(1, total + 1, every):
            yield _at(place, judge, kind, str(number))


def one(place: SqlitePlace, expected: Expected, kind: str, number: str) -> Tried:
    """The call of that number."""
    libc_calls.prepare()
    with failing.failures_told(place):
        return _at(place, Judge(place, expected), kind, number)


def _wanted(kind: str) -> frozenset[str]:
    """The references by which a run may fail; none is any."""
    if kind not in _FULL:
        return frozenset()
    if kind in _STAYS_FULL:
        return frozenset({"disk-full"})
    # SQLite tells some of them as another error, and a look at the disk finds room again.
    return frozenset(
        {"disk-full", "disk-error", "connection-failed", "read-only-database", "baton-unwritable"}
    )


def _count(place: SqlitePlace, kind: str) -> int:
    """How many calls of the kind's family a run makes; it must end as it would without being watched.

    A fault that is set for one call more does not strike.
    """
    total = 0
    for number in (0, 1):
        place.reset()
        ended = _run(place, _Fault(kind, number and total + 1)).wait()
        assert ended.answer["outcome"] == place.scenario.ends, ended.answer
        total = int(ended.answer["seen"])
        assert total and not ended.answer["struck"], "SQLite does not call what was taken over"
    return total


def _run(place: SqlitePlace, fault: _Fault) -> Child:
    def work() -> dict[str, Any]:
        steady.hold()
        initializer = place.app.initializer()
        initializer.site.clock = failing.hurried()
        libc_calls.take_over(fault)
        os.statvfs = fault.statvfs
        committed = acknowledged.Recorder(place.folder / acknowledged.FILE)
        taps.install(committed.note)
        answer = place.scenario.run(initializer)
        return {**asdict(answer), "seen": fault.seen, "struck": fault.struck}

    return fork(work)


def _at(place: SqlitePlace, judge: Judge, kind: str, number: str) -> Tried:
    point = Point(place.scenario.name, place.database, LETTER, kind, number)
    place.reset()
    try:
        ended = _run(place, _Fault(kind, int(number))).wait()
    except Stuck as error:
        return Tried(point, problems=(f"stuck: the run: {error}",))
    except RuntimeError as error:
        return Tried(point, problems=(f"unready: the run raised: {error}",))
    wanted = signal.SIGKILL if kind.endswith("kill") else 0
    assert ended.signal == wanted, f"{point.command()}: ended by signal {ended.signal}, not {wanted}"
    files = place.read()
    told = acknowledged.read(place.folder)
    if wanted:
        label = f"in the middle of {number}"
        return Tried(point, name_of(files), problems=judge.problems(files, told), label=label)
    answer = Answer(ended.answer["outcome"], tuple(ended.answer["errors"]))
    assert ended.answer["struck"], f"{point.command()} did not strike"
    completed = answer.outcome == place.scenario.ends
    right = _wanted(kind)
    problems = (*failing.untold(place.scenario, answer, right), *judge.problems(files, told, completed))
    label = f"{ended.answer['struck']} {number}, the run ended as {answer.outcome}"
    return Tried(point, name_of(files), problems=problems, label=label)
