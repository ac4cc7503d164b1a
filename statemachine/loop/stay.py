"""The stay of a process at one database. It is one run, however often the process has to look again."""

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
from initdb.statemachine.loop.holder import at_work
from initdb.statemachine.loop.look import look
from initdb.statemachine.loop.translated import translated
from initdb.statemachine.site import Site
from initdb.steps import connect

SLOWEST = 30.0
"""The longest pause, in seconds, before a run goes on that lost its connection several times."""


@dataclass(slots=True)
class Stay:
    """What a process remembers of its stay from one connection to the next.

    Attributes:
        limit: For how many seconds connections may be lost in a row without progress.
        runs: The runs that this stay began, in order.
        was_at_work: Whether the last of them wrote something, and was not cut off since.
        entries: The entries that they wrote.
        fruitless: How often in a row the run was cut off without progress.
        why: Why it was cut off the last time.
        until: The monotonic time at which `limit` is over; None if the run was not cut off since its last
            progress.
    """

    limit: float
    runs: list[str] = field(default_factory=list)
    was_at_work: bool = False
    entries: list[Entry] = field(default_factory=list)
    fruitless: int = 0
    why: str = ""
    until: float | None = None

    def goes_on(self, known: Knowledge) -> str | None:
        """The run that goes on: it is of this stay, is the journal's last one, and has not ended.

        Args:
            known: What the journal says.
        """
        run = known.last_run
        return run.run if run and run.ended is None and run.run in self.runs else None

    def begins(self, run: str) -> None:
        """Remember that a run begins, or goes on.

        Args:
            run: Its identifier.
        """
        if run not in self.runs:
            self.runs.append(run)

    def wrote(self, entries: list[Entry]) -> bool:
        """Remember the entries that the run wrote until it ended or was cut off.

        Args:
            entries: The entries.

        Returns:
            Whether one of them is progress.
        """
        self.entries += entries
        self.was_at_work = True
        if any(entry.type in PROGRESS for entry in entries):
            self.fruitless, self.until = 0, None
            return True
        return False

    def cut_off(self, why: str, now: float) -> None:
        """Remember that the run was cut off.

        Args:
            why: Why it has to look again.
            now: The monotonic time.
        """
        self.why, self.was_at_work = why, False
        self.fruitless += 1
        if self.until is None:
            self.until = now + self.limit

    def is_over(self, now: float) -> bool:
        """Whether connections were lost in a row for longer than the limit.

        Args:
            now: The monotonic time.
        """
        return self.until is not None and self.fruitless > 1 and now > self.until

    @property
    def pause(self) -> float:
        """The seconds to wait before the run goes on. They double each time that there was no progress.

        Example:
            >>> stay = Stay(limit=300.0)
            >>> stay.cut_off("the connection was lost", now=0.0)
            >>> stay.cut_off("the connection was lost", now=1.0)
            >>> stay.pause
            0.4
        """
        return min(SLOWEST, 0.1 * 2.0 ** min(self.fruitless, 20))


@contextmanager
def inside(site: Site, run: str) -> Iterator[None]:
    """Say that a run is at work inside the block: code that it calls must not wait for it.

    Args:
        site: What the run brings to ready, and where.
        run: The run's identifier; see `initdb.booting.running`.
    """
    in_memory = site.engine.dialect.name == "sqlite" and database_file(site.engine) is None
    with booting.loading(), booting.running(place(site), run, heritable=not in_memory):
        yield


def called_from_inside(site: Site, *, threads: bool) -> bool:
    """Whether a run on this database called this code and waits for it.

    A run of a parent process counts if it is the journal's last one, has not ended, and the baton is held.

    Args:
        site: What is to be brought to ready, and where.
        threads: See `initdb.booting.called_by_own_run`.
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
    """A lock means that the run is at work. Any other error will come again in the boot, which reports it."""
    return HeadBusy() if is_busy(error) or is_lock_timeout(error) else connect.refused(site.engine, error)


def place(site: Site) -> str:
    """Name a site's journal: alike in all processes, whatever path they have for the database's file.

    Args:
        site: What is brought to ready, and where.
    """
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
