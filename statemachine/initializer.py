"""Initializer: the whole of initdb for an SQLAlchemy application without a framework."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from sqlalchemy import Engine

from initdb import booting
from initdb.errors import InitError, render
from initdb.events.clock import Clock
from initdb.events.entry import Entry
from initdb.events.sessions import session
from initdb.events.types import UNSEEN
from initdb.settings import Settings, load_settings
from initdb.statemachine import orders
from initdb.statemachine.assemble.site import Site, Watcher
from initdb.statemachine.decide.verdict import Look, Verdict, judge
from initdb.statemachine.loop.attend import Outcome, attend
from initdb.statemachine.loop.look import look
from initdb.statemachine.loop.order import Order
from initdb.statemachine.render.results import InitializationResult, RepairResult
from initdb.steps.application.assemble import assemble
from initdb.steps.application.given import Given
from initdb.steps.connect import reading, refused
from initdb.steps.context import ConfigProvider, Rule
from initdb.steps.engines.choose import choose_engines
from initdb.steps.seeds.model import SeedSource
from initdb.steps.seeds.sources import Seeds
from initdb.steps.survey.code_fingerprint import code_parts


class Initializer:
    """Makes one application's database ready.

    To make one reads files, and does not touch the database; each method does.

    Args:
        engine: The engine of the application, used as it is. Default: one for the settings' `work_url` or
            `database_url`.
        metadata: The models: a MetaData, a declarative base, a Flask-SQLAlchemy `db`, or a function that
            returns one of these.
        migrations: The Alembic directory, its ini file or package, or a callable that passes a Config to its
            argument.
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
        engine: Engine | None = None,
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
        engines = choose_engines(self.settings, engine, companions)
        given = Given(metadata, migrations, provider, seeds, base, rules, name, owns)
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
        """Bring the database to ready, whatever the `mode` is.

        SIGTERM and SIGINT stay the application's. Where it handles them, the first one stops the run in order
        too, and the result is "stopped". Called from inside its own run (by a module that env.py imports, a
        seed, a thread or a child process that one of these starts), it returns at once: "running".

        Returns:
            How it ended. What went wrong is in `errors`, not raised.

        Raises:
            KeyboardInterrupt, SystemExit: as a signal handler of the application raises them.
        """
        return self.concluded(attend)

    def boot(self) -> InitializationResult:
        """What a boot does: as `mode` says (work, wait, check).

        With `off`, and inside a run whose env.py or seeds made this application, it does nothing, which is
        no failure.
        """
        if self.settings.mode == "off" or booting.quiet.get():
            return InitializationResult(True, [], [], [], 0.0, self.engine.dialect.name, "done")
        return self.concluded(partial(attend, mode=self.settings.mode))

    def attend(
        self, order: Order | None = None, *, mode: str = "work", wait: bool = True, host: bool = False
    ) -> Outcome:
        """The same with an order, as the command line gives them.

        Args:
            order: what a person asked for; None for what a boot does.
            mode: work, wait or check, as the setting of this name.
            wait: whether to wait for another process that works.
            host: whether this process is there for this alone: then its signals stop the run, and end the
                process where the run does not end in order.

        Returns:
            How it ended, with an error in it where it failed.

        Raises:
            KeyboardInterrupt, SystemExit: as a signal handler of the application raises them.
        """
        return attend(self.site, order, mode, wait, host=host)

    def resume(self) -> InitializationResult:
        """Go on, and try again what failed: overrides the failure that stands when this is called.

        Returns, raises: as `initialize`.
        """
        return self.concluded(lambda site: attend(site, orders.resume(self.look())))

    def repair(self) -> RepairResult:
        """Look, repair what is safe, and go on to ready.

        Returns, raises: as `initialize`.
        """
        begun = time.perf_counter()
        outcome = self._outcome(partial(attend, order=orders.again("repair")))
        return orders.repair_result(outcome, time.perf_counter() - begun)

    def look(self, before: Look | None = None) -> Look:
        """Look without writing.

        Args:
            before: what was seen last, so that only newer entries are read.

        Raises:
            InitError: the database cannot be had, or its journal cannot be read.
        """
        self.site.ask_env_py()
        with reading(self.engine):
            return look(self.site, before)

    def verdict(self) -> Verdict:
        """What a boot would conclude now, without doing it.

        Raises:
            InitError: the database cannot be had, or its journal cannot be read.
        """
        return judge(self.look())

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """The events of the journal, in order, without its snapshots; none where there is no journal.

        Raises:
            InitError: the database cannot be had, or its journal cannot be read.
        """
        with reading(self.engine):
            seen = look(self.site)
            if not seen.exists:
                return
            with session(self.engine) as connection:
                entries = seen.journal.read(connection, after)
                yield from (entry for entry in entries if entry.type not in UNSEEN)

    def concluded(self, attending: Callable[[Site], Outcome]) -> InitializationResult:
        """The result of an attendance, timed; an error becomes its rendered text."""
        begun = time.perf_counter()
        result = orders.result_of(self._outcome(attending), self.engine.dialect.name, self.settings)
        return replace(result, duration=time.perf_counter() - begun)

    def _outcome(self, attending: Callable[[Site], Outcome]) -> Outcome:
        try:
            return attending(self.site)
        except Exception as error:  # a library call has promised not to raise, also where initdb is mistaken
            found = refused(self.engine, error, "journal")
            return Outcome("failed", error=found.rendered(), exit_code=found.exit_code)


def failed(error: InitError, database: str = "unknown") -> InitializationResult:
    """The result if nothing could begin."""
    return InitializationResult(
        False, [], [render(error.rendered())], [], 0.0, database, "failed", error.exit_code
    )
