"""Attending a database: look, judge, take the baton or wait for it, and look again whenever something
moved."""

from __future__ import annotations

import contextlib
import random
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import Connection

from initdb.errors import InitError, Rendered
from initdb.errors.classify import (
    is_busy,
    is_connection_lost,
    is_lock_timeout,
    is_missing_table,
    is_too_many_connections,
)
from initdb.events.baton import Baton, try_baton
from initdb.events.head import ConnectionLost, HeadBusy, HeadMoved, JournalSignal, NoJournal
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.notes import HistoryRewound
from initdb.events.payloads.runs import StepFailed
from initdb.events.sessions import close_session, open_session
from initdb.statemachine.assemble.site import Site, Waiting, report_to
from initdb.statemachine.decide.verdict import Look, Verdict, judge
from initdb.statemachine.loop.look import look, look_on
from initdb.statemachine.loop.order import Order, Report
from initdb.statemachine.loop.outage import Outage, note
from initdb.statemachine.loop.signals import Stopped, Stopper, graceful
from initdb.statemachine.loop.stay import Stay, called_from_inside
from initdb.statemachine.loop.translated import translated
from initdb.statemachine.render.sentences import said, who
from initdb.statemachine.table import work_name
from initdb.steps import connect
from initdb.steps.engines.sqlite_files import cautions

Ending = Literal["ready", "failed", "held", "ahead", "pending", "busy", "running", "stopped", "done"]

WORTH_WAITING = 5.0
"""A failure that may pass is waited out, in s, where its pause is not longer than this."""

_MOVED = "the journal moved while this process worked"
_BUSY = "another session holds the journal, or a table whose definition has to be read"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended: the verdict, what was done on the way, and the error where there is one."""

    ending: Ending
    verdict: Verdict | None = None
    knowledge: Knowledge | None = None
    report: Report | None = None
    error: Rendered | None = None
    exit_code: int = 0
    signum: int | None = None
    cautions: tuple[str, ...] = ()


def attend(
    site: Site, order: Order | None = None, mode: str = "work", wait: bool = True, *, host: bool = False
) -> Outcome:
    """Bring the database to a verdict.

    Called from inside its own run (by a module that env.py imports, say), it is "running" at once.

    Args:
        mode: work, wait (never works itself) or check (looks once).
        wait: whether to wait for another process that works.
        host: whether the process is there for this, so that its signals are ours; see `signals.graceful`.

    Returns:
        How it ended; what a user can meet is in `Outcome.error`.

    Raises:
        KeyboardInterrupt, SystemExit: as a signal handler of the application raises them.
    """
    stopper = Stopper()
    try:
        # An application that is about to serve must not take another thread's boot for its own.
        if called_from_inside(site, threads=not host):
            return _running(order or Order())
        with graceful(stopper, host=host):
            outcome = _Attendance(site, order or Order(), mode, wait, stopper).run()
            return replace(outcome, cautions=cautions(site.engine))
    except Stopped as stop:
        return Outcome("stopped", exit_code=128 + stop.signum, signum=stop.signum)
    except InitError as error:
        return Outcome("failed", error=error.rendered(), exit_code=error.exit_code)


class _Attendance:
    """One process's stay at one database."""

    def __init__(self, site: Site, order: Order, mode: str, wait: bool, stopper: Stopper) -> None:
        self._site, self._order, self._mode, self._wait, self._stopper = site, order, mode, wait, stopper
        self._database = site.engine.dialect.name
        self._extend()
        self._pause = 0.2
        self._seen: Look | None = None
        self._outage, self._served = Outage(site), False
        self._ordered = order.forced
        self._stay = Stay(site.settings.wait_limit)

    def run(self) -> Outcome:
        """To the end; the report tells of everything that this stay wrote, also before it was cut off."""
        outcome, stay = self._to_the_end(), self._stay
        if not stay.runs or (outcome.report is None and outcome.ending == "failed"):
            return outcome
        report = outcome.report or Report(stay.runs[-1])
        return replace(outcome, report=replace(report, entries=stay.entries))

    def _to_the_end(self) -> Outcome:
        while True:
            try:
                outcome = self._once()
            except JournalSignal as signal:
                # Settled in one way, whatever it was: drop everything, look, go on.
                self._seen = None
                if self._mode == "check" and isinstance(signal, HeadBusy):
                    raise InitError("lock-timeout", _BUSY, database=self._database) from signal
                self._again(_BUSY if isinstance(signal, HeadBusy) else _MOVED)
                continue
            except InitError as error:
                if not connect.passing(error, self._served) or self._mode == "check":
                    raise
                self._missing(error)
                continue
            if outcome is not None:
                return outcome

    def _once(self) -> Outcome | None:
        seen = self._look()
        verdict = judge(seen, self._order.override)
        known = seen.knowledge
        if (ended := self._ended(known)) is not None:
            return ended
        if verdict.kind == "failed" and self._waited_out(verdict):
            return None
        if verdict.kind != "work" and not self._must_begin(verdict):
            return _settled(verdict, known)
        if self._mode == "check":
            return _pending(verdict, known)
        if seen.reader or self._mode == "wait":
            return self._wait_for_others(verdict, known)
        return self._try_to_work(known)

    def _ended(self, known: Knowledge) -> Outcome | None:
        """How a run of ours ended, where its last COMMIT was in doubt and turns out to have arrived: perhaps
        only when another run was about to begin. To begin again would carry out a person's order twice.
        """
        run = known.last_run
        if run is None or run.run not in self._stay.runs or run.ended is None:
            return None
        if known.last_type == "step_failed":
            error = Rendered.from_data(StepFailed.read(known.last_data).error)
            return Outcome("failed", None, known, error=error, exit_code=error.exit_code)
        if known.state == "ready":
            return Outcome("ready", Verdict("ready", warnings=_warnings(known)), known)
        return Outcome("done", None, known)

    def _must_begin(self, verdict: Verdict) -> bool:
        """A person's order begins where there is nothing to do and where a boot would adopt a failure.

        A held database stays as it is but for a command, a newer one always.
        """
        if verdict.kind == "held":
            return self._order.command is not None
        return self._ordered and verdict.kind in ("ready", "failed")

    def _waited_out(self, verdict: Verdict) -> bool:
        if verdict.retry_in is None or verdict.retry_in > WORTH_WAITING or self._mode != "work":
            return False
        self._stopper.pause(verdict.retry_in + 0.01)
        return True

    def _look(self) -> Look:
        with translated(self._no_answer):
            connect.check_there(self._site.engine, self._served)
            self._seen = look(self._site, self._seen)
        self._reached(self._seen)
        return self._seen

    def _no_answer(self, error: Exception) -> Exception:
        """What it means that the database did not answer a look; makes a missing one where that may help."""
        found = connect.refused(self._site.engine, error)
        if found.reference == "unknown-database" and self._mode == "work" and not self._served:
            connect.prepare(self._site.engine)
            return NoJournal()
        if is_missing_table(error):
            return NoJournal()
        if is_busy(error) or is_lock_timeout(error):
            return HeadBusy()
        return found

    def _reached(self, seen: Look) -> None:
        """The database answers; a journal that went back becomes a note."""
        self._served = self._served or seen.exists
        known, newest = seen.knowledge, self._site.newest
        if seen.rewound and newest:
            note(self._site, HistoryRewound(was=newest[1], is_=known.seq))
        if newest is None or known.seq != newest[1]:
            self._extend()
        self._site.newest = (known.journal, known.seq, known.hash)

    def _extend(self) -> None:
        """Whoever works is getting on: the limit is for waiting without anything happening."""
        self._deadline = self._site.clock.monotonic() + self._site.settings.wait_limit

    def _try_to_work(self, known: Knowledge) -> Outcome | None:
        if self._seen is None or not self._seen.exists:
            connect.prepare(self._site.engine)
        since = self._since()
        while self._seen is not None:
            try:
                with translated(self._no_answer):
                    baton = try_baton(self._site.engine, self._seen.journal, since)
            except HeadMoved:
                return None
            if baton is not None:
                with contextlib.closing(_Held(baton)):
                    return self._with_baton(baton)
            if not self._wait:
                return Outcome("busy", knowledge=known, exit_code=4)
            self._sleep(_who(known), known.last_at)
            if since is None:
                return None
        return None

    def _since(self) -> tuple[int, str] | None:
        """The head that this process has seen; with it, to ask for the baton is to ask whether it has moved.

        So that each of a hundred that wait needs one connection at a time; a file is as quickly looked at.
        """
        head = self._seen.head if self._seen else None
        if head is None or self._site.engine.dialect.name == "sqlite":
            return None
        return (head.seq, head.hash)

    def _with_baton(self, baton: Baton) -> Outcome | None:
        with translated(self._no_session):
            work = open_session(self._site.engine)
        self._served = True
        self._outage.tell()
        try:
            with translated(self._cut_off):
                return self._on(work, baton)
        finally:
            close_session(work)

    def _no_session(self, error: Exception) -> Exception:
        """What it means that the work connection was not opened, although the baton's was."""
        if is_too_many_connections(error):
            return InitError("too-few-connections", database=self._database)
        return connect.refused(self._site.engine, error)

    def _cut_off(self, error: Exception) -> Exception:
        """What an error means that is not a failure of a step."""
        if is_connection_lost(error):
            return ConnectionLost()
        if is_lock_timeout(error):
            return HeadBusy()
        return connect.refused(self._site.engine, error, "journal")

    def _on(self, work: Connection, baton: Baton) -> Outcome | None:
        """Look once more, now that nobody else works, and run where there is something to do."""
        # Not on the road of a ready database: it brings the machine and its library along.
        from initdb.statemachine.loop.run import Run

        self._site.ask_env_py()
        seen = look_on(self._site, work)
        if (ended := self._ended(seen.knowledge)) is not None:
            return ended
        verdict = judge(seen, self._order.override)
        if verdict.kind != "work" and not self._must_begin(verdict):
            return _settled(verdict, seen.knowledge)
        if seen.head is not None:
            seen.journal.check_guards(work)
            seen.journal.check_version(work)
        run = Run(self._site, baton, work, seen, verdict, self._order, self._stopper, self._stay)
        self._stay.begins(run.report.run)
        try:
            return self._concluded(run.go(), run.knowledge)
        finally:
            if run.report.entries:
                known = run.knowledge
                self._site.newest = (known.journal, known.seq, known.hash)
                if self._stay.wrote(run.report.entries) or not self._stay.fruitless:
                    self._extend()

    def _concluded(self, report: Report, known: Knowledge) -> Outcome:
        if report.stopped is not None:
            return Outcome(
                "stopped", None, known, report, exit_code=128 + report.stopped, signum=report.stopped
            )
        if report.failure is not None:
            return Outcome("failed", None, known, report, report.failure, report.exit_code)
        ended: Ending = "ready" if known.state == "ready" else "done"
        return Outcome(ended, Verdict("ready", warnings=_warnings(known)), known, report)

    def _wait_for_others(self, verdict: Verdict, known: Knowledge) -> Outcome | None:
        if self._site.clock.monotonic() > self._deadline:
            return _pending(verdict, known)
        at_work = known.last_run is not None and known.last_run.ended is None
        self._sleep(_who(known) if at_work else f"nobody is at work yet ({verdict.reason})", known.last_at)
        return None

    def _missing(self, error: InitError) -> None:
        """The database is not there: wait with growing pauses, up to the limit."""
        said = self._outage.met(error)
        if self._site.clock.monotonic() > self._deadline:
            # Its only trace until a database is there to take it.
            self._outage.tell()
            raise error
        self._seen = None
        self._rest(said)

    def _again(self, why: str) -> None:
        """Look again after a pause. A run that was cut off goes on; whether for too long, it says itself."""
        if self._stay.was_at_work:
            self._stay.cut_off(why, self._site.clock.monotonic())
            self._rest(why, pause=self._stay.pause)
        else:
            self._sleep(why)

    def _sleep(self, why: str, since: str | None = None) -> None:
        if self._site.clock.monotonic() > self._deadline:
            raise InitError("wait-limit", why, database=self._database)
        self._rest(why, since)

    def _rest(self, why: str, since: str | None = None, *, pause: float = 0.0) -> None:
        report_to(self._site.watcher.waiting, Waiting(why, since))
        self._stopper.pause(max(pause, self._pause) * random.uniform(1.0, 2.0))  # noqa: S311
        self._pause = min(self._pause * 1.2, 0.4)


def _running(order: Order) -> Outcome:
    """From inside a run: a boot leaves the work to that run, and a person's order cannot be carried out."""
    if not order.forced and order.command is None:
        return Outcome("running")
    error = InitError("another-process-at-work", "this was called from inside the run that is at work")
    return Outcome("busy", error=error.rendered(), exit_code=4)


class _Held:
    """A baton as something that closes."""

    def __init__(self, baton: Baton) -> None:
        self._baton = baton

    def close(self) -> None:
        self._baton.release()


def _settled(verdict: Verdict, known: Knowledge) -> Outcome:
    if verdict.kind == "failed" and verdict.failure is not None:
        error = Rendered.from_data(verdict.failure.error)
        return Outcome("failed", verdict, known, error=error, exit_code=1)
    endings: dict[str, Ending] = {"held": "held", "ahead": "ahead"}
    return Outcome(endings.get(verdict.kind, "ready"), verdict, known)


def _pending(verdict: Verdict, known: Knowledge) -> Outcome:
    error = InitError("pending-work", verdict.reason, *verdict.changed).rendered()
    return Outcome("pending", verdict, known, error=error, exit_code=3)


def _who(known: Knowledge) -> str:
    """Who works, on which step, and what it last did."""
    run = known.last_run
    if run is None:
        return "another process is at work"
    step = work_name(known.state)
    last = said(known.last_type or "", known.last_data)
    return f"{who(run.by)} is at work{f' on {step}' if step else ''}; last: {last}, at {known.last_at}"


def _warnings(known: Knowledge) -> tuple[str, ...]:
    return known.judgements[-1].warnings if known.judgements else ()
