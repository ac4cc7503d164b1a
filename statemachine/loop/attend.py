"""Brings a database to a verdict: look, judge, take the baton or wait for it, run, and look again."""

from __future__ import annotations

import contextlib
import math
import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection, Engine

from initdb.errors import InitError
from initdb.errors.classify import (
    is_busy,
    is_connection_lost,
    is_lock_timeout,
    is_missing_table,
    is_too_many_connections,
)
from initdb.events.baton import Baton
from initdb.events.head import ConnectionLost, HeadBusy, JournalSignal, NoJournal
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.notes import HistoryRewound
from initdb.events.sessions import close_session, database_file, open_session
from initdb.statemachine.decide.verdict import Look, Verdict, judge, waits_out
from initdb.statemachine.loop.at_ready import at_ready
from initdb.statemachine.loop.creating import looked_or_created
from initdb.statemachine.loop.logins import login
from initdb.statemachine.loop.look import look, look_on
from initdb.statemachine.loop.of_the_files import of_the_files
from initdb.statemachine.loop.order import Order, Report
from initdb.statemachine.loop.others import NOBODY, Others
from initdb.statemachine.loop.outage import Outage, note
from initdb.statemachine.loop.outcome import (
    Outcome,
    of_journal,
    of_own_run,
    of_pending,
    of_report,
    of_verdict,
)
from initdb.statemachine.loop.signals import Stopped, Stopper, graceful
from initdb.statemachine.loop.stay import Stay, called_from_inside
from initdb.statemachine.loop.translated import translated
from initdb.statemachine.loop.turn import FRESH, OLDEST, Turn
from initdb.statemachine.site import Site, Waiting, report_to
from initdb.steps import connect
from initdb.steps.engines.sqlite_files import cautions
from initdb.steps.survey.edits import Edit

_SOON = "given up soon, since this was typed at a terminal; to wait longer, add: --wait-limit 300"

Found = TypeVar("Found")


def attend(  # noqa: PLR0913 - what one attendance is made of
    site: Site,
    order: Order | None = None,
    mode: str = "work",
    wait: bool = True,
    *,
    host: bool = False,
    patience: float | None = None,
) -> Outcome:
    """Bring the database to a verdict.

    A call from inside its own run returns at once, with the ending "running".

    Args:
        site: The application and its database.
        order: What a person asked for; None for what a boot does.
        mode: work; wait, which never works itself; or check, which looks once.
        wait: Whether to wait for another process that works.
        host: Whether the process has no other purpose; see `signals.graceful`.
        patience: How long to wait, in s, for a database that has not answered yet; None for `wait_limit`.

    Returns:
        How it ended. A failure is in `Outcome.error`.

    Raises:
        KeyboardInterrupt, SystemExit: A signal handler of the application raised it.
    """
    stopper = Stopper()
    try:
        # An application that will serve must not think that another thread's boot is its own.
        if called_from_inside(site, threads=not host):
            return of_own_run(order or Order())
        with graceful(stopper, host=host):
            stay = _Attendance(site, order or Order(), mode, wait, stopper)
            if patience is not None:
                stay.answer_by = site.clock.monotonic() + patience
            ended = stay.run()
            # A boot that finds a ready database does not repeat it.
            of_files = of_the_files(site) if ended.report is not None else ()
            about_file = cautions(site.engine, backup=site.settings.backup != "off")
            said = (*about_file, *stay.cautions, *of_files, *at_ready(site, ended))
            ended = replace(ended, cautions=said, edited=stay.edited)
    except Stopped as stop:
        return Outcome("stopped", exit_code=128 + stop.signum, signum=stop.signum)
    except InitError as error:
        found = connect.refused(site.engine, error)
        ended = Outcome("failed", error=found.rendered(), exit_code=found.exit_code)
    # In a library call the application's handlers were called as well.
    return replace(ended, missed=stopper.signum) if host and ended.signum is None else ended


class _Attendance:
    """One process's stay at one database.

    `answer_by`: the monotonic time by which a database has to answer for the first time.
    """

    def __init__(self, site: Site, order: Order, mode: str, wait: bool, stopper: Stopper) -> None:
        self._site, self._order, self._mode, self._wait, self._stopper = site, order, mode, wait, stopper
        self._database = site.engine.dialect.name
        self._restart_limit()
        self._pause, self._fresh = 0.2, FRESH
        self._seen: Look | None = None
        self._last: Look | None = None
        self._others, self._outage, self._was_reached = Others(site), Outage(site), False
        self._ordered, self._restoring = order.forced, False
        self.cautions: tuple[str, ...] = ()
        self.answer_by = math.inf
        self._edited: dict[str, Edit] = {}
        self._stay = Stay(site.settings.wait_limit)

    @property
    def edited(self) -> tuple[Edit, ...]:
        """The edited files that were seen, without those that the order accepts."""
        return tuple(edit for edit in self._edited.values() if edit.key not in self._order.accepts)

    def run(self) -> Outcome:
        """Go on to an outcome. Its report has the entries of all runs of this stay."""
        outcome, stay = self._to_the_end(), self._stay
        if not stay.runs or (outcome.report is None and outcome.ending == "failed"):
            return outcome
        report = outcome.report or Report(stay.runs[-1])
        return replace(outcome, report=replace(report, entries=stay.entries))

    def _to_the_end(self) -> Outcome:
        while True:
            try:
                outcome = self._look_and_act()
            except JournalSignal as signal:
                # Every signal has the same answer: forget what was seen, and look again.
                self._seen = None
                busy = isinstance(signal, HeadBusy)
                why = self._others.in_the_way(self._last) if busy else signal.meaning
                if self._mode == "check" and busy:
                    raise InitError("lock-timeout", why, database=self._database) from signal
                self._look_again(why)
                continue
            except InitError as error:
                self._restoring |= error.reference == "restore-unfinished"
                passes = connect.passing(error, self._was_reached, self._restoring)
                if not passes or self._mode == "check":
                    raise
                self._wait_for_database(error)
                continue
            if outcome is not None:
                return outcome

    def _look_and_act(self) -> Outcome | None:
        seen = self._look()
        verdict = judge(seen, self._order.override)
        known = seen.knowledge
        if (ended := self._ended(known)) is not None:
            return ended
        if verdict.kind == "failed" and self._waited_out(verdict):
            return None
        if verdict.kind != "work" and not self._must_begin(verdict):
            return of_verdict(verdict, known)
        if self._mode == "check":
            verdict = self._others.named(verdict, seen)
            return of_pending(verdict, known, seen.read_only, connect.names(self._site.engine))
        if seen.read_only or self._mode == "wait":
            return self._wait_for_others(verdict, seen)
        return self._try_to_work(known)

    def _ended(self, known: Knowledge) -> Outcome | None:
        """The outcome of a run of ours that has ended without our knowledge.

        The connection was lost during its last COMMIT, which has arrived all the same. A new run would carry
        out a person's order twice.
        """
        run = known.last_run
        if run is None or run.run not in self._stay.runs or run.ended is None:
            return None
        return of_journal(known)

    def _must_begin(self, verdict: Verdict) -> bool:
        """Whether a person's order begins a run although the verdict is not work.

        It does if the database is ready or has failed. If a revision is held, only a command does.
        """
        if verdict.kind == "held":
            return self._order.command is not None
        return self._ordered and verdict.kind in ("ready", "failed")

    def _waited_out(self, verdict: Verdict) -> bool:
        if verdict.retry_in is None or not waits_out(verdict) or self._mode != "work":
            return False
        self._stopper.pause(verdict.retry_in + 0.01)
        return True

    def _look(self) -> Look:
        seen = self._look_once() if self._was_reached else self._or_create(self._site.engine, self._look_once)
        self._remember(seen)
        return seen

    def _look_once(self) -> Look:
        with translated(self._no_answer), login(self._site, self._order):
            connect.check_there(self._site.engine, self._was_reached)
            self._seen = look(self._site, self._seen)
        return self._seen

    def _or_create(self, engine: Engine, look: Callable[[], Found]) -> Found:
        """What a look gives. If the database is missing, and a process that works may create it, it does."""
        if self._mode != "work":
            return look()
        wait = partial(self._wait_within_limit, "another session uses the template of new databases")
        return looked_or_created(self._site, engine, look, wait)

    def _no_answer(self, error: Exception) -> Exception:
        """What an error of a look means."""
        found = connect.refused(self._site.engine, error)
        if is_missing_table(error):
            return NoJournal()
        if is_busy(error) or is_lock_timeout(error):
            return HeadBusy()
        return found

    def _remember(self, seen: Look) -> None:
        """Remember that the database answered. A journal that went back is noted."""
        self._last, self._was_reached = seen, self._was_reached or seen.exists
        self.cautions = seen.cautions
        self._note_edited(seen)
        known, newest = seen.knowledge, self._site.newest
        if seen.rewound and newest:
            note(self._site, HistoryRewound(was=newest[1], is_=known.seq))
        if newest is None or known.seq != newest[1]:
            self._restart_limit()
        self._site.newest = (known.journal, known.seq, known.hash)

    def _note_edited(self, seen: Look) -> None:
        self._edited |= {edit.key: edit for edit in seen.edited}

    def _restart_limit(self, waited: float = 0.0) -> None:
        """Begin the wait limit anew, since there was progress; `waited` seconds of it are over already."""
        self._deadline = self._site.clock.monotonic() + self._site.settings.wait_limit - waited

    def _try_to_work(self, known: Knowledge) -> Outcome | None:
        if (graph := self._site.application.graph) is not None:
            graph.read()  # before anything is made
        if self._seen is None or not self._seen.exists:
            self._prepare(self._site.engine)
        for companion in self._site.application.companions:
            # The env.py connects to all of them, and SQLite would make a missing file in its own way.
            self._or_create(companion, partial(self._prepare, companion))
        turn = Turn(self._site, self._seen, self._fresh) if self._seen is not None else None
        while turn is not None and self._seen is not None:
            with translated(self._no_answer):
                baton = turn.ask()
            if turn.must_look:
                return None
            if baton is not None:
                with contextlib.ExitStack() as stack:
                    stack.callback(baton.release)
                    return self._with_baton(baton)
            if not self._wait:
                return Outcome("busy", knowledge=known, exit_code=4)
            if turn.moved:
                self._restart_limit()
            over = self._site.clock.monotonic() > self._deadline
            why = self._others.at_work(self._seen.journal, known, held=True, anew=over)
            if over:  # that was asked for the last time, so the error names the process
                raise InitError("wait-limit", why, database=self._database)
            self._pause_telling(why, known.last_at)
            if turn.is_over():
                self._fresh = min(self._fresh * 2, OLDEST)
                return None
        return None

    def _prepare(self, engine: Engine) -> None:
        file = database_file(engine)
        if file is not None and not file.exists():
            report_to(self._site.watcher.announce, f"creating the database {file}")
        with translated(partial(connect.refused, engine)):
            connect.prepare(engine)

    def _with_baton(self, baton: Baton) -> Outcome | None:
        with translated(self._no_session):
            work = open_session(self._site.engine)
        self._was_reached = True
        if not self._restoring:
            self._outage.tell()
        try:
            with translated(self._cut_off):
                return self._run_if_needed(work, baton)
        finally:
            close_session(work)

    def _no_session(self, error: Exception) -> Exception:
        """What an error means that prevented the work connection, although the baton has one."""
        if is_too_many_connections(error):
            return InitError("too-few-connections", database=self._database)
        return connect.refused(self._site.engine, error)

    def _cut_off(self, error: Exception) -> Exception:
        """What an error of the work connection means that is not a failure of a step."""
        if is_connection_lost(error):
            return ConnectionLost()
        if is_lock_timeout(error):
            return HeadBusy()
        return connect.refused(self._site.engine, error, "journal")

    def _run_if_needed(self, work: Connection, baton: Baton) -> Outcome | None:
        """Look again, since no other process works now, and run if there is work."""
        # The boot of a ready database does not import this: it imports the machine and its library.
        from initdb.statemachine.loop.run import Run

        self._site.ask_env_py()
        seen = look_on(self._site, work)
        self._note_edited(seen)  # env.py may have named the revisions only now
        if (ended := self._ended(seen.knowledge)) is not None:
            return ended
        verdict = judge(seen, self._order.override)
        if verdict.kind != "work" and not self._must_begin(verdict):
            return of_verdict(verdict, seen.knowledge)
        if seen.head is not None:
            seen.journal.check_guards(work)
            seen.journal.check_version(work)
        self._outage.tell()
        run = Run(self._site, baton, work, seen, verdict, self._order, self._stopper, self._stay)
        run.patience = max(0.0, self._deadline - self._site.clock.monotonic())
        self._stay.begins(run.report.run)
        waited = 0.0
        try:
            return of_report(run.go(), run.knowledge)
        except HeadBusy as busy:
            waited = busy.waited
            raise
        finally:
            if run.report.entries:
                known = run.knowledge
                self._site.newest = (known.journal, known.seq, known.hash)
                if self._stay.wrote(run.report.entries) or not self._stay.fruitless:
                    self._restart_limit(waited)

    def _wait_for_others(self, verdict: Verdict, seen: Look) -> Outcome | None:
        known = seen.knowledge
        if self._site.clock.monotonic() > self._deadline:
            return of_pending(verdict, known, seen.read_only, connect.names(self._site.engine))
        why = self._others.at_work(seen.journal, known)
        why = f"{why} ({verdict.reason})" if why.startswith(NOBODY) else why
        self._wait_within_limit(f"{why}. {seen.read_only}" if seen.read_only else why, known.last_at)
        return None

    def _wait_for_database(self, error: InitError) -> None:
        """The database cannot be used: wait, with growing pauses, up to the limit."""
        said, until = self._outage.met(error), self._deadline
        if not self._was_reached and connect.is_unanswered(error):
            until = min(until, self.answer_by)
        if self._site.clock.monotonic() > until:
            # The spool keeps the note until a journal can take it.
            self._outage.tell()
            raise error.with_context(_SOON) if until == self.answer_by else error
        self._seen = None
        self._pause_telling(said, until=until)

    def _look_again(self, why: str) -> None:
        """Look again after a pause. A run that was cut off goes on, and has a limit of its own."""
        if self._stay.was_at_work:
            self._stay.cut_off(why, self._site.clock.monotonic())
            self._pause_telling(why, pause=self._stay.pause, until=self._stay.until)
        else:
            self._wait_within_limit(why)

    def _wait_within_limit(self, why: str, since: str | None = None) -> None:
        if self._site.clock.monotonic() > self._deadline:
            raise InitError("wait-limit", why, database=self._database)
        self._pause_telling(why, since)

    def _pause_telling(
        self, why: str, since: str | None = None, *, pause: float = 0.0, until: float | None = None
    ) -> None:
        left = (self._deadline if until is None else until) - self._site.clock.monotonic()
        report_to(self._site.watcher.waiting, Waiting(why, since, max(0.0, left)))
        self._stopper.pause(max(pause, self._pause) * random.uniform(1.0, 2.0))  # noqa: S311
        self._pause = min(self._pause * 1.2, 0.9)
