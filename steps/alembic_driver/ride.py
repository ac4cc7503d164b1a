"""One run of an application's env.py: its connection, our loop, commits below SQLAlchemy's facade.

What it replaces is replaced on instances, never on classes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, TwoPhaseTransaction

from initdb.booting import loading
from initdb.errors import InitError
from initdb.errors.redact import url_text
from initdb.steps.alembic_driver.configs import Provider
from initdb.steps.alembic_driver.environment import Environment
from initdb.steps.alembic_driver.process import PROCESS
from initdb.steps.borrowed import borrowed
from initdb.steps.env_failure import env_failure
from initdb.steps.env_source import runs_in_a_loop
from initdb.steps.identify import same_database
from initdb.steps.logging_state import kept_logging

AutocommitBlock = Callable[[Environment], contextlib.AbstractContextManager[None]]
"""What stands for Alembic's autocommit_block."""

Body = Callable[[Environment], None]
"""What stands for Alembic's run_migrations."""


def run_in_environment(
    provider: Provider, engine: Engine, body: Body, autocommit_block: AutocommitBlock | None = None
) -> None:
    """Run env.py and, where it calls run_migrations, `body` instead.

    An error of `body` is raised here even where env.py swallows it. An application that env.py makes does not
    boot meanwhile. Raises InitError("env-py-failed"),
    ("env-py-ran-nothing"), ("env-py-other-database"), ("two-phase-refused").
    """
    ride = _Ride(engine, body, autocommit_block)
    with PROCESS, kept_logging(), loading():
        try:
            provider(ride.run)
        except Exception as error:
            ride.failed(error)
    if ride.error is not None:
        raise ride.error
    if not ride.reached:
        raise InitError("env-py-ran-nothing", *ride.why)


class _Ride:
    """One run of one env.py."""

    def __init__(self, engine: Engine, body: Body, autocommit_block: AutocommitBlock | None) -> None:
        self._engine, self._body, self._block = engine, body, autocommit_block
        self.error: BaseException | None = None
        self.reached = False
        self.why: list[str] = []
        self._seen: list[str] = []

    def run(self, config: Config) -> None:
        script = ScriptDirectory.from_config(config)
        env_py = Path(script.dir) / "env.py"
        self.why = [str(env_py)]
        if runs_in_a_loop(env_py):
            # It may be about several databases: better known before the first has been changed.
            self._through(config, script, self._note)
            if len(self._seen) > 1:
                self.failed(InitError("env-py-several-databases", *self.why, *self._seen))
        if self.error is None:
            self._through(config, ScriptDirectory.from_config(config), self._drive)

    def _through(self, config: Config, script: ScriptDirectory, act: Callable[[Environment], None]) -> None:
        """Run env.py once; `act` stands for its run_migrations."""
        locations = config.attributes.get("initdb_version_locations")
        if locations:
            script.version_locations = list(locations)
        environment = EnvironmentContext(config, script, fn=_ours, destination_rev="heads")
        configure = environment.configure

        def configured(*args: Any, **kwargs: Any) -> None:
            configure(*args, **kwargs)
            with self._noting():
                self._take(environment.get_context(), script, act)

        environment.configure = configured  # type: ignore[method-assign]
        try:
            with environment:
                script.run_env()
        except BaseException as error:
            self.failed(error)

    def failed(self, error: BaseException) -> None:
        """Keep the first error; what env.py raises itself is named as its own."""
        if self.error is None:
            self.error = env_failure(error, self._engine.dialect.name)

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        """Keep our own error, whatever env.py makes of it."""
        try:
            yield
        except BaseException as error:
            if self.error is None:
                self.error = error
            raise

    def _take(
        self, context: MigrationContext, script: ScriptDirectory, act: Callable[[Environment], None]
    ) -> None:
        """Put our loop where Alembic's was, on this instance."""
        if context._migrations_fn is not _ours:
            raise InitError("env-py-ran-nothing", *self.why, "It calls configure() with an fn= of its own.")
        connection = context.connection
        if context.as_sql or connection is None:
            raise InitError("env-py-ran-nothing", *self.why, "It configures offline mode, not a connection.")
        begun_by_env = context._in_external_transaction

        def run_migrations(**arguments: Any) -> None:
            with self._noting():
                act(Environment(connection, context, script, arguments))

        @contextlib.contextmanager
        def begin_transaction(_per_migration: bool = False) -> Iterator[None]:
            yield
            # What env.py does after run_migrations commits where it would under plain Alembic.
            if _is_transaction(context) and not begun_by_env and connection.in_transaction():
                connection.commit()

        context.run_migrations = run_migrations  # type: ignore[method-assign]
        context.begin_transaction = begin_transaction  # type: ignore[method-assign]

    def _note(self, here: Environment) -> None:
        """What env.py would migrate, without doing it."""
        schema = here.context.version_table_schema
        place = f"{schema}.{here.version_table}" if schema else here.version_table
        self._seen.append(f"{url_text(here.connection.engine.url)}, version table {place}")
        _refuse_two_phase(here.connection, self.why)

    def _look(self, here: Environment) -> None:
        """Raises InitError where this is none of our databases; does nothing else."""
        connection = here.connection
        _refuse_two_phase(connection, self.why)
        begun = connection.in_transaction()
        same = same_database(self._engine, connection)
        if not begun:
            connection.rollback()
        if not same:
            theirs, ours = url_text(connection.engine.url), url_text(self._engine.url)
            said = f"It connects to {theirs}; initdb was given {ours}"
            raise InitError("env-py-other-database", *self.why, said)

    def _drive(self, here: Environment) -> None:
        if self.reached:
            kept = "What the first of them did stands, with its events."
            raise InitError("env-py-several-databases", *self.why, kept=kept)
        self.reached = True
        self._look(here)
        if self._block is not None:
            block = self._block
            here.context.autocommit_block = lambda: block(here)  # type: ignore[assignment, return-value]
        with borrowed(here.connection):
            here.context.impl.start_migrations()
            self._body(here)


def _refuse_two_phase(connection: Connection, why: list[str]) -> None:
    if isinstance(connection.get_transaction(), TwoPhaseTransaction):
        raise InitError("two-phase-refused", *why)


def _is_transaction(context: MigrationContext) -> bool:
    """Whether plain Alembic's begin_transaction() around all revisions is a real one."""
    return bool(context.impl.transactional_ddl) and not context._transaction_per_migration


def _ours(rev: Any, context: Any) -> list[Any]:
    """Stands where Alembic's commands put their work; our loop never calls it."""
    return []
