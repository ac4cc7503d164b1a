"""Driving an application's own env.py: its connection, our loop, commits below SQLAlchemy's facade.

The only module that imports Alembic. What it replaces is replaced on instances, never on classes.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import HeadMaintainer, MigrationContext, MigrationStep
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, TwoPhaseTransaction

from initdb.errors import InitError
from initdb.steps.borrowed import borrowed
from initdb.steps.identify import same_database
from initdb.steps.logging_state import kept_logging
from initdb.steps.revisions.locate import MigrationPlace

_PROCESS = threading.Lock()
"""Alembic keeps its context in module globals."""

Provider = Callable[[Callable[[Config], None]], None]
"""Makes a Config and runs our function in its context (an application, a thread, attributes)."""

AutocommitBlock = Callable[["Environment"], contextlib.AbstractContextManager[None]]


@dataclass(slots=True)
class Environment:
    """An env.py in the middle of its run: what a step works with. `connection` is the one that env.py
    made."""

    connection: Connection
    context: MigrationContext
    script: ScriptDirectory
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def version_table(self) -> str:
        """The version table's name, which only env.py knows."""
        return str(self.context.version_table)

    @property
    def version_schema(self) -> str | None:
        """The version table's schema, where env.py names one."""
        schema = self.context.version_table_schema
        return str(schema) if schema else None

    def rows(self) -> tuple[str, ...]:
        """The version rows, sorted."""
        return tuple(sorted(self.context.get_current_heads()))

    def upgrades(self, current: Sequence[str]) -> list[Any]:
        """What plain `alembic upgrade heads` would run, in its order."""
        return list(self.script._upgrade_revs("heads", tuple(current)))  # type: ignore[arg-type]

    def downgrade(self, revision: str, current: Sequence[str]) -> list[Any]:
        """The step that reverts the head `revision`."""
        script = self.script.get_revision(revision)
        return [MigrationStep.downgrade_from_script(self.script.revision_map, script)]

    def apply(self, step: Any) -> None:
        """Run one step and move the version rows, inside the caller's transaction."""
        current = self.context.get_current_heads()
        if not current:
            self.context._ensure_version_table()
        maintainer = HeadMaintainer(self.context, current)
        step.migration_fn(**self.arguments)
        maintainer.update_to_step(step)
        for callback in self.context.on_version_apply_callbacks:
            callback(ctx=self.context, step=step.info, heads=set(maintainer.heads), run_args=self.arguments)

    def stamp(self, revisions: Sequence[str]) -> tuple[str, ...]:
        """Set the version rows to `revisions`, inside the caller's transaction; gives the rows."""
        self.context._ensure_version_table()
        for step in self.script._stamp_revs(tuple(revisions), self.context.get_current_heads()):
            self.apply(step)
        return self.rows()

    def memo(self) -> dict[str, list[list[str | None]]]:
        """What Alembic remembers from one revision to the next: enum types that this run created."""
        return {
            str(key): sorted(list(item) for item in value)
            for key, value in self.context.impl.memo.items()
            if isinstance(value, set) and all(isinstance(item, tuple) for item in value)
        }

    def recall(self, memo: Mapping[str, Any]) -> None:
        """Restore what an interrupted run remembered."""
        self.context.impl.memo.clear()
        self.context.impl.memo.update({key: {tuple(item) for item in value} for key, value in memo.items()})


Body = Callable[[Environment], None]


def run_in_environment(
    provider: Provider, engine: Engine, body: Body, autocommit_block: AutocommitBlock | None = None
) -> None:
    """Run env.py and, where it calls run_migrations, `body` instead.

    An error of `body` is raised here even where env.py swallows it. Raises InitError("env-py-failed"),
    ("env-py-ran-nothing"), ("env-py-other-database"), ("two-phase-refused").
    """
    ride = _Ride(engine, body, autocommit_block)
    with _PROCESS, kept_logging():
        provider(ride.run)
    if ride.error is not None:
        raise ride.error
    if not ride.reached:
        raise InitError("env-py-ran-nothing")


class _Ride:
    """One run of one env.py."""

    def __init__(self, engine: Engine, body: Body, autocommit_block: AutocommitBlock | None) -> None:
        self._engine, self._body, self._block = engine, body, autocommit_block
        self.error: BaseException | None = None
        self.reached = False

    def run(self, config: Config) -> None:
        script = ScriptDirectory.from_config(config)
        locations = config.attributes.get("initdb_version_locations")
        if locations:
            script.version_locations = list(locations)
        environment = EnvironmentContext(config, script, fn=_ours, destination_rev="heads")
        configure = environment.configure

        def configured(*args: Any, **kwargs: Any) -> None:
            configure(*args, **kwargs)
            self._take(environment.get_context(), script)

        environment.configure = configured  # type: ignore[method-assign]
        try:
            with environment:
                script.run_env()
        except BaseException as error:
            if self.error is None:
                self.error = _named(error)

    def _take(self, context: MigrationContext, script: ScriptDirectory) -> None:
        """Put our loop where Alembic's was, on this instance."""
        if context._migrations_fn is not _ours:
            raise InitError("env-py-ran-nothing", "it calls configure() with an fn= of its own")
        if context.connection is None:
            raise InitError("env-py-ran-nothing", "it configures offline mode, without a connection")

        def run_migrations(**arguments: Any) -> None:
            self.reached = True
            try:
                self._drive(context, script, arguments)
            except BaseException as error:
                self.error = error
                raise

        context.run_migrations = run_migrations  # type: ignore[method-assign]
        context.begin_transaction = lambda _per_migration=False: contextlib.nullcontext()  # type: ignore[method-assign]

    def _drive(
        self, context: MigrationContext, script: ScriptDirectory, arguments: Mapping[str, Any]
    ) -> None:
        connection: Connection = context.connection  # type: ignore[assignment]
        if isinstance(connection.get_transaction(), TwoPhaseTransaction):
            raise InitError("two-phase-refused")
        if not same_database(self._engine, connection):
            raise InitError("env-py-other-database", f"env.py connected to {connection.engine.url!r}")
        here = Environment(connection, context, script, arguments)
        if self._block is not None:
            block = self._block
            context.autocommit_block = lambda: block(here)  # type: ignore[assignment, return-value]
        with borrowed(connection):
            self._body(here)


def _ours(rev: Any, context: Any) -> list[Any]:
    """Stands where Alembic's commands put their work; our loop never calls it."""
    return []


def _named(error: BaseException) -> BaseException:
    if isinstance(error, CommandError) or not isinstance(error, Exception):
        return InitError("env-py-failed", str(error)) if isinstance(error, CommandError) else error
    return error


def provider_of(place: MigrationPlace, engine: Engine) -> Provider:
    """The Config of a directory, with our database's URL where env.py looks for one."""

    def provide(run: Callable[[Config], None]) -> None:
        run(_config(place, engine))

    return provide


def _config(place: MigrationPlace, engine: Engine) -> Config:
    url = engine.url.render_as_string(hide_password=False)
    config = Config(str(place.ini) if place.ini else None, toml_file=str(place.toml) if place.toml else None)
    config.set_main_option("script_location", _escaped(str(place.script_location)))
    config.set_main_option("sqlalchemy.url", _escaped(url))
    config.attributes["engine"] = engine
    config.attributes["initdb_version_locations"] = [str(path) for path in place.version_locations]
    return config


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def place_of(provider: Provider) -> tuple[Path, tuple[Path, ...]]:
    """The script location and version locations of a callable's Config, found without running env.py."""
    found: list[tuple[Path, tuple[Path, ...]]] = []

    def note(config: Config) -> None:
        script = ScriptDirectory.from_config(config)
        found.append((Path(script.dir), tuple(Path(path) for path in script._version_locations)))

    provider(note)
    if not found:
        raise InitError("migrations-not-found", "the callable did not run the function it was given")
    return found[0]


@contextlib.contextmanager
def own_environment(
    connection: Connection, folder: Path, version_table: str, schema: str | None
) -> Iterator[Environment]:
    """An environment for initdb's own scripts, on a connection of ours and without an env.py."""
    script = ScriptDirectory(str(folder))
    context = MigrationContext.configure(
        connection, opts={"version_table": version_table, "version_table_schema": schema, "script": script}
    )
    from alembic.operations import Operations

    with _PROCESS, Operations.context(context):
        yield Environment(connection, context, script)
