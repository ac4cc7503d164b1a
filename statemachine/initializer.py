"""Initializer: the whole of initdb for any SQLAlchemy application, without a framework."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Engine

from initdb import booting
from initdb.errors import InitError, render
from initdb.events.clock import Clock
from initdb.events.entry import Entry
from initdb.events.sessions import session
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
from initdb.steps.context import ConfigProvider, Rule
from initdb.steps.engines.choose import choose_engines
from initdb.steps.seeds.model import SeedSource
from initdb.steps.seeds.sources import Seeds
from initdb.steps.survey.code_fingerprint import code_parts


class Initializer:
    """Brings one application's database to ready. Binding does no I/O on the database; each method does.

    `engine`: the application's own, never rewritten; without it the settings' `work_url` or `database_url`.
    `metadata`: MetaData, a declarative base, a Flask-SQLAlchemy `db`. `migrations`: a folder, an alembic.ini,
    a package, or a callable that makes a Config and runs the function it is given in its context.
    `seeds`: folders, files, functions. `rules`: the application's own checks. `companions`: the other
    databases that the same env.py migrates, each of which has an Initializer of its own; `owns`: which of the
    seeds are for this one.
    Raises InitError at once for settings, models, revisions or seeds that cannot be read.
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
        """Bring the database to ready, whatever the `mode` is. Neither raises nor exits for what a user can
        meet."""
        return self.concluded(lambda: attend(self.site))

    def boot(self) -> InitializationResult:
        """What a boot does: as `mode` says (work, wait, check).

        With `off`, and inside a run whose env.py or seeds made this application, it does nothing, which is
        no failure.
        """
        if self.settings.mode == "off" or booting.quiet.get():
            return InitializationResult(True, [], [], [], 0.0, self.engine.dialect.name, "done")
        return self.concluded(lambda: attend(self.site, mode=self.settings.mode))

    def attend(self, order: Order | None = None, *, mode: str = "work", wait: bool = True) -> Outcome:
        """The same with an order, as the command line gives them."""
        return attend(self.site, order, mode, wait)

    def resume(self) -> InitializationResult:
        """Go on, and try again what failed: overrides the failure that stands when this is called."""
        return self.concluded(lambda: attend(self.site, orders.resume(self.look())))

    def repair(self) -> RepairResult:
        """Look, repair what is safe, and go on to ready."""
        begun = time.perf_counter()
        outcome = attend(self.site, orders.again("repair"))
        return orders.repair_result(outcome, time.perf_counter() - begun)

    def look(self, before: Look | None = None) -> Look:
        """Look without writing. Raises InitError and, where the database cannot be had, the driver's
        error."""
        self.site.ask_env_py()
        return look(self.site, before)

    def verdict(self) -> Verdict:
        """What a boot would conclude now, without doing it."""
        return judge(self.look())

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """The journal, in order; empty where there is none."""
        seen = look(self.site)
        if not seen.exists:
            return
        with session(self.engine) as connection:
            yield from seen.journal.read(connection, after)

    def concluded(self, attending: Any) -> InitializationResult:
        """The result of an attendance, timed; an InitError becomes its rendered text."""
        begun = time.perf_counter()
        outcome: Outcome = attending()
        result = orders.result_of(outcome, self.engine.dialect.name, self.settings)
        return replace(result, duration=time.perf_counter() - begun)


def failed(error: InitError, database: str = "unknown") -> InitializationResult:
    """The result where nothing could be begun."""
    return InitializationResult(
        False, [], [render(error.rendered())], [], 0.0, database, "failed", error.exit_code
    )
