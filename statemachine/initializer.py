"""Initializer: the whole of initdb for an SQLAlchemy application without a framework."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from initdb import booting
from initdb.errors import InitError, render
from initdb.errors.exception import raised_to
from initdb.errors.faces import speaking
from initdb.errors.redact import url_text
from initdb.errors.safe import safe_text
from initdb.events.clock import Clock
from initdb.events.entry import Entry
from initdb.events.types import UNSEEN
from initdb.settings import Settings, load_settings
from initdb.statemachine import orders, reporting
from initdb.statemachine.decide.verdict import Look, Verdict, judge
from initdb.statemachine.library import face_of_program
from initdb.statemachine.loop.attend import attend
from initdb.statemachine.loop.look import entries_of, look
from initdb.statemachine.loop.order import Order
from initdb.statemachine.loop.outcome import Outcome
from initdb.statemachine.render.results import InitializationResult, RepairResult
from initdb.statemachine.site import Site, Watcher
from initdb.steps.application.assemble import assemble
from initdb.steps.application.given import Given
from initdb.steps.connect import reading, refused
from initdb.steps.context import ConfigProvider, Rule
from initdb.steps.engines.choose import choose_engines
from initdb.steps.seeds.model import SeedSource
from initdb.steps.seeds.sources import Seeds
from initdb.steps.survey.code_fingerprint import code_parts

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


class Initializer:
    """Makes one application's database ready.

    To make one reads files, and does not touch the database; each method does.

    Args:
        engine: The engine of the application, used as it is; for an AsyncEngine one with a synchronous driver
            is made. Default: one for the settings' `work_url` or `database_url`.
        metadata: The models: a MetaData, a declarative base, a Flask-SQLAlchemy `db`, or a function that
            returns one of these.
        migrations: The Alembic directory, its ini file or package, or a callable: it returns a Config, or
            passes one to its argument.
        provider: What makes the Config of the directory. Default: initdb makes it.
        seeds: Folders, files and functions.
        base: The MetaData or the callable that creates the tables which the first revision expects to find.
        rules: The application's own checks.
        name: What people call the application.
        settings: Default: `load_settings()`. A part that is given here wins over the setting of its name.
        watcher: Is told what a run does, while it does it.
        clock: The time, for tests.
        companions: The engines of the other databases that the same env.py migrates. Each of them has an
            Initializer of its own.
        owns: Which of the seeds are for this database, if there are several.

    Raises:
        InitError: Settings, models, revisions or seeds cannot be read.

    Example:
        >>> from sqlalchemy import Column, Integer, MetaData, Table, create_engine
        >>> models = MetaData()
        >>> product = Table("product", models, Column("id", Integer, primary_key=True))
        >>> initializer = Initializer(create_engine("sqlite:///shop.db"), metadata=models)
        >>> initializer.initialize().outcome
        'ready'
        >>> [entry.type for entry in initializer.entries()][:3]
        ['journal_created', 'run_started', 'database_inspected']
    """

    def __init__(  # noqa: PLR0913 - each is a part that a team may hand over
        self,
        engine: Engine | AsyncEngine | None = None,
        *,
        metadata: object = None,
        migrations: object = None,
        provider: ConfigProvider | None = None,
        seeds: Seeds = None,
        base: object = None,
        rules: tuple[Rule, ...] = (),
        name: str | None = None,
        settings: Settings | None = None,
        watcher: Watcher | None = None,
        clock: Clock | None = None,
        companions: Sequence[Engine] = (),
        owns: Callable[[SeedSource], bool] | None = None,
    ) -> None:
        self.settings = settings or load_settings()
        if self.settings.security_log is not None:
            from initdb.statemachine.security_file import log_to

            log_to(self.settings.security_log)
        engines = choose_engines(self.settings, engine, companions)
        given = Given(metadata, migrations, provider, seeds, base, rules, name, owns)
        self._face = partial(face_of_program, engines.work if engine is not None else None, given)
        with raised_to(self._face):
            if self.settings.backup != "off":
                from initdb.steps.backup import check_settings

                check_settings(self.settings, engines.work)
            application = assemble(given, self.settings, engines)
            self.site = Site(
                engine=engines.work,
                application=application,
                settings=self.settings,
                code=code_parts(application, self.settings, engines.work.dialect),
                clock=clock or Clock(),
                watcher=watcher or Watcher(),
            )

    @property
    def engine(self) -> Engine:
        """The engine that the work is done on."""
        return self.site.engine

    def initialize(self) -> InitializationResult:
        """Bring the database to ready, whatever the setting `mode` is.

        SIGTERM and SIGINT remain the application's. If it handles them, the first one also stops the run in
        order, and the outcome is "stopped".

        A call from inside its own run returns at once, with the outcome "running": from a module that env.py
        imports, from a seed, or from a thread or child process of one of these.

        Returns:
            How it ended. A failure is in `errors`; it is not raised.

        Raises:
            KeyboardInterrupt, SystemExit: A signal handler of the application raised it.
        """
        return self.concluded(attend)

    def boot(self) -> InitializationResult:
        """Do what the setting `mode` says: work, wait, check or off.

        Nothing is done, and that is a success, with `off`, and inside a run whose env.py or seed made this
        application.

        Returns:
            How it ended, as `initialize` says it.

        Raises:
            KeyboardInterrupt, SystemExit: A signal handler of the application raised it.
        """
        if self.settings.mode == "off" or booting.quiet.get():
            return InitializationResult(True, [], [], [], 0.0, self.engine.dialect.name, "done")
        return self.concluded(partial(attend, mode=self.settings.mode))

    def attend(
        self,
        order: Order | None = None,
        *,
        mode: str = "work",
        wait: bool = True,
        host: bool = False,
        patience: float | None = None,
    ) -> Outcome:
        """Bring the database to ready, or carry out an order. The command line calls this.

        Args:
            order: What a person asked for; None for what a boot does.
            mode: work, wait or check, as in the setting.
            wait: Whether to wait for another process that works.
            host: Whether this process has no other purpose. Then its signals stop the run, and end the
                process if the run does not end in order.
            patience: How long to wait, in seconds, for a database that has not answered yet (default: the
                setting `wait_limit`).

        Returns:
            How it ended. A failure is in `error`.

        Raises:
            KeyboardInterrupt, SystemExit: A signal handler of the application raised it.
        """
        return self._told(attend(self.site, order, mode, wait, host=host, patience=patience))

    def resume(self, *, accept_edited: bool = False, reason: str | None = None) -> InitializationResult:
        """Retry what failed: override the failure that is recorded when this is called, and go on to ready.

        Args:
            accept_edited: Whether applied files that were edited or removed are right as they are.
            reason: Why you order it; the journal keeps it.

        Returns:
            How it ended, as `initialize` says it.

        Raises:
            KeyboardInterrupt, SystemExit: A signal handler of the application raised it.
        """
        return self.concluded(
            lambda site: attend(
                site, orders.resume(self.look(), accept_edited=accept_edited, why=_safe(reason))
            )
        )

    def repair(self, reason: str | None = None) -> RepairResult:
        """Inspect the database, repair what can be repaired without losing data, and go on to ready.

        Args:
            reason: Why you order it; the journal keeps it.

        Returns:
            What was repaired, and what was not. A failure is in `errors`; it is not raised.

        Raises:
            KeyboardInterrupt, SystemExit: A signal handler of the application raised it.
        """
        begun = time.perf_counter()
        outcome = self._outcome(partial(attend, order=orders.repair(_safe(reason))))
        with speaking(self._face()):
            return reporting.repair_result(outcome, time.perf_counter() - begun)

    def look(self, before: Look | None = None) -> Look:
        """Look at the database without writing to it.

        Args:
            before: The last look. With it, only newer entries are read.

        Returns:
            What was seen.

        Raises:
            InitError: The database cannot be reached, or its journal cannot be read.
        """
        with raised_to(self._face):
            self.site.ask_env_py()
            with reading(self.engine):
                return look(self.site, before)

    def verdict(self) -> Verdict:
        """Say what a boot would do now, without doing it.

        Raises:
            InitError: The database cannot be reached, or its journal cannot be read.
        """
        return judge(self.look())

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """Read the events of the journal, in order. Its snapshots are left out.

        Args:
            after: The number of the entry after which to begin.

        Yields:
            The entries; none if there is no journal.

        Raises:
            InitError: The database cannot be reached, or its journal cannot be read.
        """
        with raised_to(self._face), reading(self.engine):
            yield from (entry for entry in entries_of(self.site, after) if entry.type not in UNSEEN)

    def concluded(self, attending: Callable[[Site], Outcome]) -> InitializationResult:
        """Call a function that brings the database to an end, and make a public result of its outcome.

        Args:
            attending: Called with `site`.
        """
        begun = time.perf_counter()
        outcome = self._outcome(attending)
        with speaking(self._face()):
            result = reporting.result_of(outcome, self.engine.dialect.name, self.settings)
        return replace(result, duration=time.perf_counter() - begun)

    def _outcome(self, attending: Callable[[Site], Outcome]) -> Outcome:
        try:
            return self._told(attending(self.site))
        except Exception as error:  # a library call has promised not to raise, also if initdb has a bug
            found = refused(self.engine, error, "journal")
            return self._told(Outcome("failed", error=found.rendered(), exit_code=found.exit_code))

    def _told(self, outcome: Outcome) -> Outcome:
        """The outcome, once what matters to security is logged. Env.py's own logging is over by now."""
        if outcome.report is not None or outcome.error is not None:
            from initdb.statemachine import security

            security.tell_entries(outcome.report.entries if outcome.report else (), self.engine)
            if outcome.error is not None:
                security.tell_error(outcome.error, url_text(self.engine.url), self.engine.url.username)
        return outcome


def _safe(reason: str | None) -> str | None:
    """A reason as the journal keeps it: one line without secrets; None if there is none."""
    return safe_text(reason) or None if reason is not None else None


def failed(error: InitError, database: str = "unknown") -> InitializationResult:
    """The result if nothing could begin."""
    from initdb.statemachine.security import tell_error

    tell_error(error, None, None)
    return InitializationResult(
        False, [], [render(error.rendered())], [], 0.0, database, "failed", error.exit_code
    )
