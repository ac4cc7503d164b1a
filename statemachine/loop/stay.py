"""A process's stay at one database: it is one run, however often the process has to look again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from initdb import booting
from initdb.errors import InitError
from initdb.errors.classify import is_busy, is_lock_timeout
from initdb.events.entry import Entry
from initdb.events.head import HeadBusy, JournalSignal
from initdb.events.knowledge import Knowledge
from initdb.events.sessions import database_file
from initdb.events.types import PROGRESS
from initdb.statemachine.assemble.site import Site
from initdb.statemachine.loop.holder import at_work
from initdb.statemachine.loop.look import look
from initdb.statemachine.loop.translated import translated
from initdb.steps import connect

SLOWEST = 30.0
"""The longest pause, in s, before a run goes on whose connection was lost again and again."""


@dataclass(slots=True)
class Stay:
    """What a stay remembers from one connection to the next.

    Args:
        limit: how long, in s, connections may be lost in a row without progress.
        runs: the runs that this stay began, in order.
        was_at_work: whether the last of them wrote something and has not been said to be cut off.
        entries: the events that they wrote.
        fruitless: how often in a row the run had to look again without having got further.
        why: what made it look again, last.
        until: the monotonic time at which `limit` is over; None while it is not counted.
    """

    limit: float
    runs: list[str] = field(default_factory=list)
    was_at_work: bool = False
    entries: list[Entry] = field(default_factory=list)
    fruitless: int = 0
    why: str = ""
    until: float | None = None

    def goes_on(self, known: Knowledge) -> str | None:
        """The run of this stay that is still the journal's last one and has not ended; None for none."""
        run = known.last_run
        return run.run if run and run.ended is None and run.run in self.runs else None

    def begins(self, run: str) -> None:
        """A run begins, or goes on."""
        if run not in self.runs:
            self.runs.append(run)

    def wrote(self, entries: list[Entry]) -> bool:
        """Note what was written before the run ended or was cut off. Gives whether it got further."""
        self.entries += entries
        self.was_at_work = True
        if any(entry.type in PROGRESS for entry in entries):
            self.fruitless, self.until = 0, None
            return True
        return False

    def cut_off(self, why: str, now: float) -> None:
        """The run has to look again."""
        self.why, self.was_at_work = why, False
        self.fruitless += 1
        if self.until is None:
            self.until = now + self.limit

    def is_over(self, now: float) -> bool:
        """Whether connections were lost in a row for longer than the limit."""
        return self.until is not None and self.fruitless > 1 and now > self.until

    @property
    def pause(self) -> float:
        """How long to wait, in s, before going on: doubled each time that nothing was gained."""
        return min(SLOWEST, 0.1 * 2.0 ** min(self.fruitless, 20))


@contextmanager
def inside(site: Site, run: str) -> Iterator[None]:
    """For the length of the block, `run` is at work: whoever it calls must not wait for it.

    See `initdb.booting.running`.
    """
    in_memory = site.engine.dialect.name == "sqlite" and database_file(site.engine) is None
    with booting.loading(), booting.running(place(site), run, heritable=not in_memory):
        yield


def called_from_inside(site: Site, *, threads: bool) -> bool:
    """Whether a run on this database that has not ended called this process or thread, and waits for it.

    A run of a process above counts while it is the journal's last one, has not ended, and somebody works.
    `threads`: see `initdb.booting.called_by_own_run`.
    """
    where = place(site)
    if booting.called_by_own_run(where, threads=threads):
        return True
    run = booting.run_above(where)
    if run is None:
        return False
    try:
        with translated(partial(_no_answer, site)):
            seen = look(site)
            last = seen.knowledge.last_run
            mine = last is not None and last.run == run and not last.ended
            return mine and at_work(site.engine, seen.journal)
    except JournalSignal:
        return True
    except InitError:
        return False


def _no_answer(site: Site, error: Exception) -> Exception:
    """That it is locked is the answer; what else is wrong the boot itself will meet and name."""
    return HeadBusy() if is_busy(error) or is_lock_timeout(error) else connect.refused(site.engine, error)


def place(site: Site) -> str:
    """A name for the journal that a site works on: the same in each process, whatever it calls the file."""
    file = database_file(site.engine)
    if file is not None:
        where = f"sqlite:{file.resolve()}"
    elif site.engine.dialect.name == "sqlite":
        where = f"memory:{os.getpid()}:{id(site.engine.pool)}"
    else:
        url = site.engine.url
        where = f"postgresql:{url.host or url.query.get('host')}:{url.port}/{url.database}"
    said = "\x1f".join((where, site.settings.journal_schema or "", site.owner))
    return hashlib.sha256(said.encode("utf-8", "backslashreplace")).hexdigest()[:32]
