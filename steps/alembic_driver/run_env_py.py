"""Runs an application's env.py once, with initdb's loop in the place of Alembic's.

It replaces methods of instances, never of classes.
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
from initdb.steps.alembic_driver import private_names
from initdb.steps.alembic_driver.environment import Environment
from initdb.steps.alembic_driver.fresh_scripts import Read, read_fresh
from initdb.steps.alembic_driver.process_lock import PROCESS
from initdb.steps.context import Application
from initdb.steps.env_py.failure import env_failure
from initdb.steps.env_py.kept_logging import kept_logging
from initdb.steps.env_py.same_database import same_database
from initdb.steps.env_py.source import runs_in_a_loop
from initdb.steps.transactions.borrowed import borrowed

AutocommitBlock = Callable[[Environment], contextlib.AbstractContextManager[None]]
"""Replaces Alembic's autocommit_block."""

Body = Callable[[Environment], None]
"""Replaces Alembic's run_migrations."""


def run_in_environment(
    application: Application, engine: Engine, body: Body, autocommit_block: AutocommitBlock | None = None
) -> None:
    """Run env.py. When it calls run_migrations on the database of `engine`, `body` runs instead.

    The application's other databases are left as they are: each has its own runs. An error of `body` is
    raised here, even if env.py swallows it. If env.py creates the application, that does not boot meanwhile.

    Args:
        application: The application.
        engine: The engine of the database.
        body: Runs in the place of Alembic's loop.
        autocommit_block: Replaces Alembic's autocommit_block.

    Raises:
        InitError: `env-py-failed`, `env-py-ran-nothing`, `env-py-other-database`, `env-py-several-databases`,
            `two-phase-refused`, or the error of `body`.
    """
    provider = application.provider
    if provider is None:
        raise InitError("migrations-not-found", "the application has no revisions")
    ride = _Ride(engine, application, body, autocommit_block)
    with PROCESS, kept_logging(), loading(), ride.noting(as_env_py=True):
        provider(ride.run)
    if ride.error is not None:
        raise ride.error
    if ride.reached is None:
        raise InitError("env-py-ran-nothing", *ride.why)


class _Ride:
    """One run of one env.py."""

    def __init__(
        self,
        engine: Engine,
        application: Application,
        body: Body,
        autocommit_block: AutocommitBlock | None,
    ) -> None:
        self._engine, self._application, self._body, self._block = engine, application, body, autocommit_block
        self.error: BaseException | None = None
        self.reached: str | None = None
        self.why: list[str] = []
        self._seen: set[str] = set()

    def run(self, config: Config) -> None:
        script = ScriptDirectory.from_config(config)
        env_py = Path(script.dir) / "env.py"
        self.why = [str(env_py)]
        if runs_in_a_loop(env_py):
            # It may migrate several databases. That must be known before the first one is changed.
            self._through(config, script, self._note)
            if len(self._seen) > 1 and self.error is None:
                self.error = InitError("env-py-several-databases", *self.why, *sorted(self._seen))
        if self.error is None:
            self._through(config, ScriptDirectory.from_config(config), self._drive)

    def _through(self, config: Config, script: ScriptDirectory, act: Callable[[Environment], None]) -> None:
        """Run env.py once, with `act` in the place of run_migrations."""
        locations = config.attributes.get("initdb_version_locations")
        if locations:
            script.version_locations = list(locations)
        read = read_fresh(script, self._application)
        environment = EnvironmentContext(config, script, fn=_ours, destination_rev="heads")
        configure = environment.configure

        def configured(*args: Any, **kwargs: Any) -> None:
            configure(*args, **kwargs)
            with self.noting():
                self._take(environment.get_context(), script, read, act)

        environment.configure = configured  # type: ignore[method-assign]
        with self.noting(as_env_py=True), environment:
            script.run_env()

    @contextlib.contextmanager
    def noting(self, *, as_env_py: bool = False) -> Iterator[None]:
        """Keep the first error, whatever env.py does with it.

        Args:
            as_env_py: Whether env.py itself runs. Then its errors are translated, and are not raised here.
        """
        try:
            yield
        except BaseException as error:  # env.py is the application's code and can raise anything
            if self.error is None:
                self.error = env_failure(error, self._engine.dialect.name) if as_env_py else error
            if not as_env_py:
                raise

    def _take(
        self,
        context: MigrationContext,
        script: ScriptDirectory,
        read: Read,
        act: Callable[[Environment], None],
    ) -> None:
        """Replace Alembic's loop by initdb's, on this instance."""
        if not private_names.is_driven_by(context, _ours):
            raise InitError("env-py-ran-nothing", *self.why, "It calls configure() with an fn= of its own.")
        connection = context.connection
        if context.as_sql or connection is None:
            raise InitError("env-py-ran-nothing", *self.why, "It configures offline mode, not a connection.")
        begun_by_env = private_names.begun_by_env_py(context)

        def run_migrations(**arguments: Any) -> None:
            with self.noting():
                act(Environment(connection, context, script, arguments, read))

        @contextlib.contextmanager
        def begin_transaction(_per_migration: bool = False) -> Iterator[None]:
            yield
            # Commit what env.py does after run_migrations, if plain Alembic would commit it.
            if private_names.is_one_transaction(context) and not begun_by_env and connection.in_transaction():
                connection.commit()

        context.run_migrations = run_migrations  # type: ignore[method-assign]
        context.begin_transaction = begin_transaction  # type: ignore[method-assign]

    def _note(self, here: Environment) -> None:
        """Note what env.py would migrate in this run, and migrate nothing."""
        _refuse_two_phase(here.connection, self.why)
        if self._is_on(self._engine, here.connection) or not self._is_companions(here.connection):
            self._seen.add(_place(here))

    def _is_ours(self, connection: Connection) -> bool:
        """Whether the connection is to the database of this run, and not to a companion.

        Raises:
            InitError: It is to a database that initdb does not know.
        """
        _refuse_two_phase(connection, self.why)
        if self._is_on(self._engine, connection):
            return True
        if not self._is_companions(connection):
            theirs, ours = url_text(connection.engine.url), url_text(self._engine.url)
            said = f"It connects to {theirs}; initdb was given {ours}"
            raise InitError("env-py-other-database", *self.why, said)
        return False

    def _is_companions(self, connection: Connection) -> bool:
        return any(self._is_on(one, connection) for one in self._application.companions)

    @staticmethod
    def _is_on(engine: Engine, connection: Connection) -> bool:
        with _as_before(connection):
            return same_database(engine, connection)

    def _drive(self, here: Environment) -> None:
        if not self._is_ours(here.connection) or self.reached == _place(here):
            return
        if self.reached is not None:
            kept = "What the first of them did stands, with its events."
            raise InitError("env-py-several-databases", *self.why, kept=kept)
        self.reached = _place(here)
        if self._block is not None:
            block = self._block
            here.context.autocommit_block = lambda: block(here)  # type: ignore[assignment, return-value]
        with borrowed(here.connection):
            here.context.impl.start_migrations()
            self._body(here)


def _place(here: Environment) -> str:
    """The database and its version table. If env.py migrates the same place twice, nothing is left to do."""
    with _as_before(here.connection):
        schema = here.version_schema
    table = f"{schema}.{here.version_table}" if schema else here.version_table
    return f"{url_text(here.connection.engine.url)}, version table {table}"


@contextlib.contextmanager
def _as_before(connection: Connection) -> Iterator[None]:
    """Leave no transaction behind that was not there before the block."""
    begun = connection.in_transaction()
    try:
        yield
    finally:
        if not begun:
            connection.rollback()


def _refuse_two_phase(connection: Connection, why: list[str]) -> None:
    if isinstance(connection.get_transaction(), TwoPhaseTransaction):
        raise InitError("two-phase-refused", *why)


def _ours(rev: Any, context: Any) -> list[Any]:
    """A placeholder for the function that Alembic's commands pass. The loop of initdb never calls it."""
    return []
