"""Carries out one run under the baton: it begins, works state by state until ready, and says how it ended."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from initdb.errors import InitError
from initdb.errors.classify import is_connection_lost, is_lock_timeout
from initdb.errors.stored import to_store
from initdb.errors.withheld import kind_of
from initdb.events.baton import Baton
from initdb.events.entry import Entry
from initdb.events.head import ConnectionLost, JournalSignal
from initdb.events.ids import time_ordered
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.form import Payload
from initdb.events.payloads.runs import (
    RunStopped,
    StepFailed,
)
from initdb.events.payloads.work import DefectsFound, HealthValidated
from initdb.events.types import PROGRESS
from initdb.statemachine.decide.verdict import Look, Verdict
from initdb.statemachine.loop.beginning import Beginning
from initdb.statemachine.loop.dispatch import named, step_of, with_backup, with_made
from initdb.statemachine.loop.order import Command, Order, Report
from initdb.statemachine.loop.others import Others
from initdb.statemachine.loop.outage import Outage
from initdb.statemachine.loop.patience import REFUSED, Patience
from initdb.statemachine.loop.signals import Stopped, Stopper
from initdb.statemachine.loop.stay import Stay, inside
from initdb.statemachine.loop.writer import Writer
from initdb.statemachine.site import Site, Waiting, report_to
from initdb.statemachine.table import State, accepts, work_name
from initdb.steps.catalog.blockers import blockers, with_blockers
from initdb.steps.catalog.existing import existing
from initdb.steps.context import StepContext
from initdb.steps.one_revision.doubt import check_doubt
from initdb.steps.survey.steady import fingerprint_of
from initdb.steps.transactions.savepoints import savepoint

REPAIRS = 10
"""How many repairs one run makes. A defect that is left after so many will not go away by one more."""


class Run:
    """One run. It has two connections: that of the baton, and that of the work.

    Args:
        site: The application and its database.
        baton: The baton, which this process holds.
        work: The connection of the work.
        seen: The look from which the run follows.
        verdict: The verdict from which the run follows.
        order: What a person asked for.
        stopper: It says whether a signal has come.
        stay: The stay that the run is part of.

    Attributes:
        report: What the run has done.
        patience: For how many seconds its first transaction waits for the head.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what one run is made of, given once
        self,
        site: Site,
        baton: Baton,
        work: Connection,
        seen: Look,
        verdict: Verdict,
        order: Order,
        stopper: Stopper,
        stay: Stay,
    ) -> None:
        self._site, self._work, self._seen = site, work, seen
        self._order, self._stopper, self._stay = order, stopper, stay
        self._asked: str | None = None
        self.patience = site.settings.wait_limit
        self._goes_on = stay.goes_on(seen.knowledge)
        self.report = Report(self._goes_on or time_ordered(site.clock.now()))
        spool, others = site.spool, Others(site)
        self._writer = Writer(
            journal=seen.journal,
            knowledge=seen.knowledge,
            run=self.report.run,
            by=site.by(),
            clock=site.clock,
            alive=baton.alive,
            notes=spool.waiting,
            observe=self._observe,
            lock_timeout=site.settings.lock_timeout,
            stopper=stopper,
            judging=self._with_catalogue,
            waits=lambda: self._waits(others.in_the_way(seen)),
        )
        self._beginning = Beginning(site, baton, work, seen, verdict, order, self._writer)

    @property
    def knowledge(self) -> Knowledge:
        """What the journal says after the last event that was committed."""
        return self._writer.knowledge

    def go(self) -> Report:
        """Work to the end of the run.

        Returns:
            What it did, with the failure if it failed.

        Raises:
            JournalSignal: The run was cut off: look again.
            KeyboardInterrupt, SystemExit: A signal handler of the application raised it.
        """
        self._writer.patience = self.patience
        if self._goes_on is None:
            self._beginning.begin()
        else:
            self._beginning.go_on(self._stay)
        self._writer.patience = self._site.settings.wait_limit
        try:
            self._refuse_loops()
            with inside(self._site, self.report.run):
                # An env.py or a seed may import the application, and its boot must not wait for this run.
                self._work_on()
        except JournalSignal:
            raise
        except (Stopped, KeyboardInterrupt) as error:
            self._stop(error)
        except SystemExit as error:
            # After a signal a handler of the application has raised it; else the code of a step has.
            self._stop(error) if self._stopper.signum is not None else self._fail(error)
        except Exception as error:  # a step runs the application's code, which may raise anything
            self._stop_or_fail(error)
        return self.report

    def _refuse_loops(self) -> None:
        known, database = self._writer.knowledge, self._work.dialect.name
        if known.crashes >= self._site.settings.attempts:
            said = f"{known.crashes} runs in a row of this code were killed or stopped, and got no further"
            raise InitError("crash-loop", said, database=database)
        if self._stay.is_over(self._site.clock.monotonic()):
            said = f"The connection was lost {self._stay.fruitless} times in a row, without getting further."
            raise InitError("connection-keeps-breaking", said, database=database)

    def _work_on(self) -> None:
        order, seen = self._order, list[object]()
        if self._site.application.env_chooses:
            # The env.py was asked before, and failed. Now its error is the failure of the run.
            from initdb.steps.alembic_driver.ask import chosen

            self._site.application = chosen(self._site.application, self._site.engine)
        self._step(State.unknown, step_of(State.unknown))
        for first in order.firsts:
            self._asked = order.reason
            first(self._context(), self._writer.knowledge.state)
            self._asked = None
        if order.command is not None:
            self._command(order, order.command)
            return
        check_doubt(self._context(), repeats=True)
        while (state := State(self._writer.knowledge.state)) != State.ready:
            known = self._writer.knowledge
            if known.last_type == "defects_found":
                issues = DefectsFound.read(known.last_data).issues
                if issues in seen or len(seen) >= REPAIRS:
                    raise InitError("repair-impossible", *_texts(issues), database=self._work.dialect.name)
                seen.append(issues)
            self._step(state, step_of(state))

    def _step(self, state: State, step: Callable[[StepContext], None]) -> None:
        before, site = self._writer.knowledge.seq, self._site
        patience = Patience(state, self._work.dialect.name, site.settings.wait_limit, site.clock)
        outage = Outage(site)
        while self._state() == state and not self._done(step, patience, outage):
            pass
        outage.tell()
        if self._writer.knowledge.seq == before:
            raise InitError("internal-error", f"the step of state {state} did nothing")

    def _done(self, step: Callable[[StepContext], None], patience: Patience, outage: Outage) -> bool:
        """Do a step. False: it failed, and after a pause it is to be done again."""
        try:
            step(self._context())
        except (JournalSignal, Stopped):
            raise
        except Exception as error:  # a step runs the application's code; some errors are worth a retry
            found = named(error, self._state(), self._site.engine)
            pause = None if self._stopper.signum is not None else patience.after(found)
            if pause is None:
                raise
            self._writer.rollback(self._work)
            said = found.rendered().message, *blockers(self._work, error)
            self._waits(outage.met(found) if found.reference in REFUSED else " ".join(said))
            self._stopper.pause(pause)
            return False
        return True

    def _command(self, order: Order, command: Command) -> None:
        self._asked = order.reason
        state = self._writer.knowledge.state
        if order.trigger is not None and not accepts(state, order.trigger):
            raise InitError("rollback-refused", f"the database is {state}")
        said = command(self._context())
        with self._writer.open(self._work):
            self._writer.commit(self._work, *said, RunStopped(why=order.reason or ""))

    def _context(self) -> StepContext:
        site = self._site
        return StepContext(
            work=self._work,
            unit=self._writer,
            application=site.application,
            settings=site.settings,
            knowledge=self._writer.knowledge,
            engine=site.engine,
            journal=self._writer.journal,
            report=partial(report_to, site.watcher.progress),
            waits=self._waits,
            announce=partial(report_to, site.watcher.announce),
            sleep=self._stopper.pause,
            back_up=self._back_up,
        )

    def _back_up(self) -> None:
        """Make a backup, if one is due. Steps call this before a change."""
        site = self._site
        if site.settings.backup != "off":
            from initdb.steps.backup import back_up, is_due

            if is_due(site.settings, self._writer.knowledge, site.engine):
                back_up(self._context(), site.clock.now())

    def _waits(self, why: str) -> None:
        report_to(self._site.watcher.waiting, Waiting(why))

    def _with_catalogue(self, connection: Connection, event: Payload) -> Payload:
        """Add to a judgement what it is about: this code, and the catalogue that the step saw."""
        if not isinstance(event, (HealthValidated, StepFailed)):
            return event
        clock = self._writer.head.clock if self._writer.head else 0.0
        catalog = event.catalog or self._catalogue_hash(connection)
        judged = replace(event, code=dict(self._site.code), catalog=catalog, clock=clock)
        if isinstance(judged, HealthValidated):
            return replace(judged, env_py=self._site.application.env_py)
        return judged

    def _catalogue_hash(self, connection: Connection) -> str | None:
        """The catalogue's hash. If another session has locked a table, the hash when the run began."""
        try:
            with savepoint(connection):
                return fingerprint_of(self._context())
        except DBAPIError as error:
            if not is_lock_timeout(error):
                raise
        changed = any(entry.type in _CHANGES for entry in self.report.entries)
        return None if changed else self._seen.catalog

    def _observe(self, entry: Entry) -> None:
        self.report.entries.append(entry)
        report_to(self._site.watcher.entry, entry)

    def _stop_or_fail(self, error: Exception) -> None:
        """After a signal a cancelled statement is no failure: the run stops."""
        if self._stopper.signum is not None:
            self._stop(_handlers_exit(error) or Stopped(self._stopper.signum))
        elif is_connection_lost(error) or self._is_cut_off(error):
            raise ConnectionLost from error
        else:
            self._fail(error)

    def _is_cut_off(self, error: Exception) -> bool:
        """Whether the lost connection was one of env.py: its error is an InitError by now."""
        named = isinstance(error, InitError) and error.reference == "connection-lost"
        return named and self._work.dialect.name == "postgresql"

    def _stop(self, error: BaseException) -> None:
        self._stopper.watch(None)
        self._writer.stopper = Stopper(last_word=True)
        signum = self._stopper.signum
        why = signal.Signals(signum).name if signum else kind_of(error)
        # The process is to end. If the event cannot be written, that must not hide it.
        with contextlib.suppress(Exception), self._writer.open(self._work):
            self._writer.commit(self._work, RunStopped(why=why, during=work_name(self._state()) or "run"))
        if not isinstance(error, Stopped):
            raise error
        self.report.stopped = error.signum

    def _fail(self, error: BaseException) -> None:
        state = self._state()
        found = named(error, state, self._site.engine, existing(self._context().reading))
        found = with_blockers(found, self._work, error)
        found = with_made(found, [entry.type for entry in self.report.entries])
        found = with_backup(found, self._writer.knowledge.backup)
        step = work_name(state) or "run"
        self.report.failure, self.report.exit_code = found.rendered(), found.exit_code
        failed = StepFailed(
            # If a person's order failed, that says nothing about the code.
            step=self._asked or step,
            state=str(state),
            error=to_store(found.rendered()),
            asked=bool(self._asked),
        )
        with self._writer.open(self._work):
            self._writer.commit(self._work, failed)

    def _state(self) -> State:
        return State(self._writer.knowledge.state)


_CHANGES = PROGRESS - {"seed_batch_applied"} | {"step_started"}
"""The events of steps that change the catalogue."""


def _handlers_exit(error: BaseException) -> BaseException | None:
    """The exception of the application's signal handler, which a step has turned into another one."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, (SystemExit, KeyboardInterrupt)):
        seen = seen.__cause__ or seen.__context__
    return seen


def _texts(issues: Iterable[Mapping[str, object] | str]) -> list[str]:
    return [one if isinstance(one, str) else str(one.get("text", one)) for one in issues]
