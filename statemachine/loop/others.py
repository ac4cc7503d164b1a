"""What a process that waits says of the others: who is at work, and who holds a lock that is in the way."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
from dataclasses import replace

from sqlalchemy.exc import SQLAlchemyError

from initdb.errors import InitError
from initdb.events.head import NAMES, HeadBusy, JournalSignal
from initdb.events.journal import Journal
from initdb.events.knowledge import Knowledge, RunRecord
from initdb.events.sessions import database_file, session
from initdb.statemachine.decide.verdict import INTERRUPTED, Look, Verdict
from initdb.statemachine.loop.holder import holders
from initdb.statemachine.render.sentences import said, who
from initdb.statemachine.site import Site
from initdb.statemachine.table import work_name
from initdb.steps.catalog.blockers import lockers_of
from initdb.steps.catalog.lock_holder import LockHolder
from initdb.steps.survey.facts import version_place

NOBODY = "no process is at work"
BUSY = HeadBusy.meaning

UNKNOWN = (SQLAlchemyError, sqlite3.Error, OSError, InitError, JournalSignal)
"""What an answer may fail with; the wait itself is told without it."""

FRESH = 2.0
"""How long, in s, an answer is told again before the database is asked anew; twice as long each time."""


STANDSTILL = 5.0
"""How long, in s, a run that has the baton may write nothing until its process is asked for."""


class Others:
    """The other processes at one database, as its locks show them: a journal names the dead as well."""

    def __init__(self, site: Site) -> None:
        self._site, self._seq = site, -1
        self._found: tuple[LockHolder, ...] | None = None
        self._next, self._fresh = 0.0, FRESH

    def at_work(self, journal: Journal, known: Knowledge, *, held: bool = False, anew: bool = False) -> str:
        """Who is at work, on which step, and what it last did; or that nobody is, and who was.

        Args:
            held: somebody has the baton just now. Then who it is is asked only once the journal has stood
                still for a while: a hundred that wait must not be in the way of the one that works.
            anew: it is the last time that this is told, so it is asked in any case.
        """
        found, run = self._holders(journal, known, held, anew), known.last_run
        unfinished = run if run is not None and run.ended is None else None
        if found is None:
            return _working(known, unfinished) if unfinished else "another process is at work"
        if not found:
            return _gone(known, unfinished) if unfinished else f"{NOBODY} yet"
        if unfinished and any(_is(one, unfinished) for one in found):
            return _working(known, unfinished)
        return f"{replace(found[0], doing='').who()} is at work, and has written nothing yet"

    def named(self, verdict: Verdict, seen: Look) -> Verdict:
        """The verdict. If a run has not ended, it says which process is at work, or that it is gone."""
        if verdict.reason != INTERRUPTED:
            return verdict
        return replace(verdict, reason=self.at_work(seen.journal, seen.knowledge))

    def in_the_way(self, seen: Look | None) -> str:
        """That a lock is not to be had, and who holds it. `seen`: what was seen last."""
        engine, found = self._site.engine, tuple[str, ...]()
        table, _ = version_place(self._site.application, seen.knowledge if seen else Knowledge())
        if (file := database_file(engine)) is not None:
            # Not on the road of a ready database: it brings psutil along.
            from initdb.steps.catalog.sqlite.locks import file_lock_holders

            return "; ".join((BUSY, *(one.sentence() for one in file_lock_holders(file))))
        # Where that cannot be asked, it is left out.
        with contextlib.suppress(*UNKNOWN):
            with session(engine) as connection:
                found = lockers_of(connection, [*NAMES, table]) or lockers_of(connection)
            if not found and seen is not None and not seen.exists:
                making = holders(engine, seen.journal, "first") or ()
                found = tuple(f"the journal is being made by {one.who()}" for one in making)
        return "; ".join((BUSY, *found))

    def _holders(
        self, journal: Journal, known: Knowledge, held: bool, anew: bool
    ) -> tuple[LockHolder, ...] | None:
        """Who holds the baton; None where that is not known."""
        now = self._site.clock.monotonic()
        if known.seq != self._seq:
            self._seq, self._found, self._fresh = known.seq, None, FRESH
            run = known.last_run
            self._next = now + (STANDSTILL if run and run.ended is None else FRESH / 2) * held
        if anew or now >= self._next:
            self._found, self._next = None, now + self._fresh
            self._fresh *= 2 if held else 1
            with contextlib.suppress(*UNKNOWN):
                self._found = holders(self._site.engine, journal)
        return self._found


def _is(one: LockHolder, run: RunRecord) -> bool:
    """Whether the holder is the process of the run: by the session that it noted, else by its own number."""
    noted = run.work.get("baton")
    if noted is not None:
        return bool(one.pid == noted)
    return one.pid == run.by.get("pid") and run.by.get("host") == socket.gethostname()


def _step(known: Knowledge) -> str:
    step = work_name(known.state)
    return f" on {step}" if step else ""


def _working(known: Knowledge, run: RunRecord) -> str:
    last = said(known.last_type or "", known.last_data)
    return f"{who(run.by)} is at work{_step(known)}; last: {last}, at {known.last_at}"


def _gone(known: Knowledge, run: RunRecord) -> str:
    last = said(known.last_type or "", known.last_data)
    return f"{NOBODY}: {who(run.by)} is gone; it was{_step(known)}; last: {last}, at {known.last_at}"
