"""One run under the baton: begin or go on, work until ready, and say how it ended."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from functools import partial

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from initdb.errors import InitError
from initdb.errors.classify import classify, is_connection_lost, is_lock_timeout
from initdb.events.baton import Baton
from initdb.events.database import database_of
from initdb.events.entry import Entry
from initdb.events.head import SCHEMA_VERSION, ConnectionLost, HeadBusy, HeadMoved, JournalSignal
from initdb.events.ids import time_ordered
from initdb.events.journal import find
from initdb.events.knowledge import Knowledge, RunRecord
from initdb.events.payloads.form import Payload
from initdb.events.payloads.notes import JournalCreated, JournalUpgraded
from initdb.events.payloads.runs import (
    Override,
    RunContinued,
    RunResumed,
    RunStarted,
    RunStopped,
    StepFailed,
)
from initdb.events.payloads.work import DefectsFound, HealthValidated
from initdb.events.undo import on_error
from initdb.statemachine.assemble.site import Site, Waiting, report_to
from initdb.statemachine.decide.verdict import Look, Verdict
from initdb.statemachine.loop.dispatch import named, step_of
from initdb.statemachine.loop.order import Command, Order, Report
from initdb.statemachine.loop.others import Others
from initdb.statemachine.loop.outage import Outage
from initdb.statemachine.loop.patience import REFUSED, Patience
from initdb.statemachine.loop.signals import Stopped, Stopper
from initdb.statemachine.loop.stay import Stay, inside
from initdb.statemachine.loop.translated import translated
from initdb.statemachine.loop.writer import Writer
from initdb.statemachine.table import State, accepts, work_name
from initdb.steps import connect
from initdb.steps.catalog.blockers import blockers, with_blockers
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.context import StepContext
from initdb.steps.one_revision.doubt import check_doubt
from initdb.steps.survey.facts import version_place
from initdb.steps.transactions.savepoints import savepoint

REPAIRS = 10
"""How many repairs one run makes; what is still not right after so many is not mended by one more."""


class Run:
    """A run on two connections: the baton's, and `work` for what is done."""

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
        self._site, self._baton, self._work, self._seen = site, baton, work, seen
        self._verdict, self._order, self._stopper, self._stay = verdict, order, stopper, stay
        self._asked: str | None = None
        self.patience = site.settings.wait_limit
        self._before = stay.goes_on(seen.knowledge)
        self.report = Report(self._before or time_ordered(site.clock.now()))
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
            judging=self._judging,
            waits=lambda: self._waits(others.in_the_way(seen)),
        )

    @property
    def knowledge(self) -> Knowledge:
        """What is known after the last committed event."""
        return self._writer.knowledge

    def go(self) -> Report:
        """Work to the end. Raises JournalSignal where everything has to be looked at again."""
        self._writer.patience = self.patience
        if self._before is None:
            self._begin()
        else:
            self._go_on()
        self._writer.patience = self._site.settings.wait_limit
        try:
            self._refuse_loops()
            with inside(self._site, self.report.run):
                # An env.py or a seed may import the application, whose own boot would wait for this one.
                self._work_on()
        except JournalSignal:
            raise
        except (Stopped, KeyboardInterrupt) as error:
            self._stop(error)
        except SystemExit as error:
            # After a signal it is the application's own handler that ends the process; else a step's code.
            self._stop(error) if self._stopper.signum is not None else self._fail(error)
        except Exception as error:  # a step runs the application's code, which may raise anything
            self._stop_or_fail(error)
        return self.report

    def _go_on(self) -> None:
        """The run of this stay is not over: look again, and say why and by which sessions."""
        stay = self._stay
        said = RunContinued(reason=stay.why, lost=stay.fruitless, sessions=self._sessions())
        with self._writer.open(self._work):
            self._writer.commit_all(self._work, [*self._upgraded(), said])
        self._site.spool.drop(self._writer.knowledge.notes)

    def _begin(self) -> None:
        known = self._writer.knowledge
        interrupted = known.last_run if known.last_run and known.last_run.ended is None else None
        events: list[Payload] = [self._beginning(interrupted)]
        order = self._order
        if order.override is not None or order.retry or order.reseed or (order.insist and known.crashes):
            reseed = order.reseed or None
            events.append(Override(overrides=order.override, retry=order.retry, reseed=reseed))
        if self._seen.exists:
            with self._writer.open(self._work):
                self._writer.commit_all(self._work, [*self._upgraded(), *events])
        else:
            self._create_journal(events)
        self._site.spool.drop(self._writer.knowledge.notes)

    def _upgraded(self) -> list[Payload]:
        """Bring the journal's own tables up to date in the open transaction; gives the event that says so."""
        head = self._writer.head
        if head is None or head.schema_version >= SCHEMA_VERSION:
            return []
        from initdb.steps.upgrade_journal import upgrade

        version = upgrade(self._work, self._seen.journal.schema, head.schema_version)
        return [JournalUpgraded(from_=head.schema_version, to=version)]

    def _beginning(self, interrupted: RunRecord | None) -> RunStarted:
        known, site = self._writer.knowledge, self._site
        same = known.last_run is not None and known.last_run.code == site.code
        started = RunStarted(
            reason=self._order.reason or self._verdict.reason,
            changed=tuple(self._verdict.changed),
            code=dict(site.code),
            attempt=known.tries + 1 if same else 1,
            sessions=self._sessions(),
            database=site.settings.database,
        )
        return _resumed(started, interrupted, known) if interrupted else started

    def _sessions(self) -> dict[str, int | None]:
        return {"baton": self._baton.backend(), "work": self._backend()}

    def _backend(self) -> int | None:
        if self._work.dialect.name != "postgresql":
            return None
        return int(self._work.execute(text("SELECT pg_backend_pid()")).scalar_one())

    def _create_journal(self, events: list[Payload]) -> None:
        """First boot: ONE transaction under a lock that stands for the head while there is none."""
        work, journal = self._work, self._seen.journal
        here = database_of(work)
        here.rollback(work)
        here.begin(work)
        with on_error(self._writer.rollback, work):
            here.lock_first(work, journal.key("first"))
            if find(work, journal.application, self._site.settings.journal_schema)[1]:
                raise HeadMoved
            with translated(lambda error: _not_made(error, here.name)):
                journal.create(work)
            version = ".".join(map(str, work.dialect.server_version_info or ()))
            created = JournalCreated(
                journal=self.report.run,
                application=journal.application,
                schema=journal.schema,
                database=work.dialect.name,
                server=version,
            )
            self._writer.commit_all(work, [created, *events])

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
        for companion in self._site.application.companions:
            # Its env.py connects to all of them, and would make a file that is not as ours are.
            connect.prepare(companion)
        if self._site.application.env_chooses:
            # It could not be asked before the run began: what was wrong is the run's failure.
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
        """One try of a step; False where the next one may succeed, after a pause."""
        try:
            step(self._context())
        except (JournalSignal, Stopped):
            raise
        except Exception as error:  # the same; what it is says whether the step is done again
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
            self._writer.commit_all(self._work, [*said, RunStopped(why=order.reason or "")])

    def _context(self) -> StepContext:
        site = self._site
        return StepContext(
            work=self._work,
            unit=self._writer,
            application=site.application,
            settings=site.settings,
            knowledge=self._writer.knowledge,
            engine=site.engine,
            report=partial(report_to, site.watcher.progress),
            waits=self._waits,
            sleep=self._stopper.pause,
        )

    def _waits(self, why: str) -> None:
        report_to(self._site.watcher.waiting, Waiting(why))

    def _judging(self, connection: Connection, event: Payload) -> Payload:
        """What a judgement is of: this code, and the catalogue that the step names, or as it is now."""
        if not isinstance(event, (HealthValidated, StepFailed)):
            return event
        clock = self._writer.head.clock if self._writer.head else 0.0
        catalog = event.catalog or self._content(connection)
        return replace(event, code=dict(self._site.code), catalog=catalog, clock=clock)

    def _content(self, connection: Connection) -> str | None:
        """The catalogue's hash; where another session keeps a table locked, as it was when the run began."""
        table, schema = version_place(self._site.application, self._writer.knowledge)
        ignore = self._site.settings.ignore
        try:
            with savepoint(connection):
                return catalogue_of(connection).fingerprint(
                    ignore=ignore, version_table=table, version_schema=schema
                )
        except DBAPIError as error:
            if not is_lock_timeout(error):
                raise
        changed = any(entry.type in _CHANGES for entry in self.report.entries)
        return None if changed else self._seen.catalog

    def _observe(self, entry: Entry) -> None:
        self.report.entries.append(entry)
        report_to(self._site.watcher.entry, entry)

    def _stop_or_fail(self, error: Exception) -> None:
        """A cancelled statement after a signal is the stop, not a failure."""
        if self._stopper.signum is not None:
            self._stop(_leaving(error) or Stopped(self._stopper.signum))
        elif is_connection_lost(error) or self._was_cut(error):
            raise ConnectionLost from error
        else:
            self._fail(error)

    def _was_cut(self, error: Exception) -> bool:
        """An env.py's own connection that was lost has been given a name on its way here."""
        named = isinstance(error, InitError) and error.reference == "connection-lost"
        return named and self._work.dialect.name == "postgresql"

    def _stop(self, error: BaseException) -> None:
        self._stopper.watch(None)
        self._writer.stopper = Stopper(last_word=True)
        signum = self._stopper.signum
        why = signal.Signals(signum).name if signum else str(error) or type(error).__name__
        # The process is told to end: an event that cannot be written must not hide that.
        with contextlib.suppress(Exception), self._writer.open(self._work):
            self._writer.commit(self._work, RunStopped(why=why, during=work_name(self._state()) or "run"))
        if not isinstance(error, Stopped):
            raise error
        self.report.stopped = error.signum

    def _fail(self, error: BaseException) -> None:
        state = self._state()
        found = with_blockers(named(error, state, self._site.engine), self._work, error)
        step = work_name(state) or "run"
        self.report.failure, self.report.exit_code = found.rendered(), found.exit_code
        failed = StepFailed(
            # What a person asked for failed; of the code that says nothing.
            step=self._asked or step,
            state=str(state),
            error=found.rendered().as_stored(),
            asked=bool(self._asked),
        )
        with self._writer.open(self._work):
            self._writer.commit(self._work, failed)

    def _state(self) -> State:
        return State(self._writer.knowledge.state)


_CHANGES = frozenset(
    {
        "schema_created",
        "schema_adopted",
        "migration_applied",
        "migration_reverted",
        "repair_applied",
        "step_started",
    }
)
"""Events of what changes the catalogue."""


def _resumed(started: RunStarted, interrupted: RunRecord, known: Knowledge) -> RunResumed:
    return RunResumed(
        **{one.name: getattr(started, one.name) for one in fields(started)},
        interrupted={
            "run": interrupted.run,
            "by": dict(interrupted.by),
            "state": known.state,
            "last": known.last_type,
            "at": known.last_at,
        },
    )


def _leaving(error: BaseException) -> BaseException | None:
    """What a signal handler of the application raised in the middle of a step, which made a failure of it."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, (SystemExit, KeyboardInterrupt)):
        seen = seen.__cause__ or seen.__context__
    return seen


def _not_made(error: Exception, database: str) -> Exception:
    """What it means that the journal could not be made: somebody else is about to make the same tables."""
    return HeadBusy() if is_lock_timeout(error) else classify(error, doing="journal", database=database)


def _texts(issues: Iterable[Mapping[str, object]]) -> list[str]:
    return [str(one.get("text", one)) for one in issues]
