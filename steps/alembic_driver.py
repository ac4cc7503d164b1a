"""Driving an application's own env.py: its connection, our loop, commits below SQLAlchemy's facade.

The only module that imports Alembic. What it replaces is replaced on instances, never on classes.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alembic.command import upgrade
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import HeadMaintainer, MigrationContext, MigrationStep
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, TwoPhaseTransaction, select, text

from initdb.booting import loading
from initdb.errors import InitError
from initdb.errors.redact import url_text
from initdb.steps.borrowed import borrowed
from initdb.steps.drivers import for_env_py
from initdb.steps.env_failure import env_failure
from initdb.steps.env_source import awaits, runs_in_a_loop
from initdb.steps.identify import same_database
from initdb.steps.logging_state import kept_logging
from initdb.steps.revisions.locate import MigrationPlace
from initdb.steps.transaction_words import Kept

_PROCESS = threading.Lock()
"""Alembic keeps its context in module globals."""

Provider = Callable[[Callable[[Config], None]], None]
"""Makes a Config and runs our function in its context (an application, a thread, attributes)."""

AutocommitBlock = Callable[["Environment"], contextlib.AbstractContextManager[None]]

_TOLD = logging.getLogger("alembic.runtime.migration")
"""Where plain Alembic says which revision it runs."""


@dataclass(slots=True)
class Environment:
    """An env.py in the middle of its run: what a step works with. `connection` is the one that env.py made.

    `running` is the revision that is being run, `kept` its transaction, and `left` whether it has gone
    outside of it, in an autocommit block: then what it did cannot be undone.
    """

    connection: Connection
    context: MigrationContext
    script: ScriptDirectory
    arguments: Mapping[str, Any] = field(default_factory=dict)
    running: str | None = None
    kept: Kept | None = None
    left: bool = False
    _version_schema: str | None = None

    @property
    def version_table(self) -> str:
        """The version table's name, which only env.py knows."""
        return str(self.context.version_table)

    @property
    def version_schema(self) -> str | None:
        """The version table's schema: as env.py names it, else where PostgreSQL's search_path leads to."""
        schema = self.context.version_table_schema
        if schema:
            return str(schema)
        if self._version_schema is None and self.connection.dialect.name == "postgresql":
            quoted = self.connection.dialect.identifier_preparer.quote(self.version_table)
            self._version_schema = self.connection.scalar(_SCHEMA_OF, {"table": quoted})
        return self._version_schema

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where the revisions are, as env.py left it."""
        return tuple(Path(folder) for folder in self.script._version_locations)

    def rows(self) -> tuple[str, ...]:
        """The version rows, sorted."""
        return tuple(sorted(self.context.get_current_heads()))

    def still(self, rows: tuple[str, ...]) -> bool:
        """Whether the version rows are still `rows`: one query where there are any, for the table stands."""
        if not rows:
            return self.rows() == rows
        found = self.connection.execute(select(self.context._version.c.version_num)).scalars()
        return tuple(sorted(found)) == rows

    def upgrades(self, current: Sequence[str]) -> list[Any]:
        """What plain `alembic upgrade heads` would run, in its order."""
        return list(self.script._upgrade_revs("heads", tuple(current)))  # type: ignore[arg-type]

    def downgrade(self, revision: str) -> Any:
        """The step that reverts the head `revision`."""
        script = self.script.get_revision(revision)
        return MigrationStep.downgrade_from_script(self.script.revision_map, script)

    def apply(
        self, step: Any, rows: tuple[str, ...], guard: contextlib.AbstractContextManager[None] | None = None
    ) -> tuple[str, ...]:
        """Run one step, inside `guard`, and move the version rows from `rows`; gives the new ones.

        Both in the caller's transaction. Where the guard finds that the step left it, no row is moved.
        """
        if not rows:
            self.context._ensure_version_table()
        maintainer = HeadMaintainer(self.context, rows)
        _TOLD.info("Running %s", step)
        with guard or contextlib.nullcontext():
            step.migration_fn(**self.arguments)
        maintainer.update_to_step(step)
        for callback in self.context.on_version_apply_callbacks:
            callback(ctx=self.context, step=step.info, heads=set(maintainer.heads), run_args=self.arguments)
        return tuple(sorted(maintainer.heads))

    def stamp(self, revisions: Sequence[str]) -> tuple[str, ...]:
        """Set the version rows to `revisions`, inside the caller's transaction; gives the rows."""
        self.context._ensure_version_table()
        rows = self.rows()
        for step in self.script._stamp_revs(tuple(revisions), rows):
            rows = self.apply(step, rows)
        return rows

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


_SCHEMA_OF = text(
    "SELECT coalesce((SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
    " ON n.oid = c.relnamespace WHERE c.oid = pg_catalog.to_regclass(:table)), pg_catalog.current_schema())"
)

Body = Callable[[Environment], None]


def run_in_environment(
    provider: Provider, engine: Engine, body: Body, autocommit_block: AutocommitBlock | None = None
) -> None:
    """Run env.py and, where it calls run_migrations, `body` instead.

    An error of `body` is raised here even where env.py swallows it. An application that env.py makes does not
    boot meanwhile. Raises InitError("env-py-failed"),
    ("env-py-ran-nothing"), ("env-py-other-database"), ("two-phase-refused").
    """
    ride = _Ride(engine, body, autocommit_block)
    with _PROCESS, kept_logging(), loading():
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


def provider_of(place: MigrationPlace, engine: Engine) -> Provider:
    """The Config of a directory, with our database's URL where env.py looks for one."""

    def provide(run: Callable[[Config], None]) -> None:
        run(_config(place, engine))

    return provide


def _config(place: MigrationPlace, engine: Engine) -> Config:
    config = Config(str(place.ini) if place.ini else None, toml_file=str(place.toml) if place.toml else None)
    said = config.file_config.get(config.config_ini_section, "sqlalchemy.url", raw=True, fallback=None)
    url = for_env_py(engine.url, said, awaits=awaits(place.script_location / "env.py"))
    config.set_main_option("script_location", _escaped(str(place.script_location)))
    config.set_main_option("sqlalchemy.url", _escaped(url.render_as_string(hide_password=False)))
    config.attributes["engine"] = engine
    config.cmd_opts = _command_line()
    config.attributes["initdb_version_locations"] = [str(path) for path in place.version_locations]
    return config


def _command_line() -> Namespace:
    """What `alembic upgrade heads` says on the command line: many an env.py looks at it."""
    common = {"config": None, "name": "alembic", "x": None, "raiseerr": False, "quiet": False}
    own = {"sql": False, "tag": None, "revision": "heads", "cmd": (upgrade, ["revision"], ["sql", "tag"])}
    return Namespace(**common, **own)


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def place_of(provider: Provider) -> tuple[Path, tuple[Path, ...]]:
    """The script location and version locations of a callable's Config, found without running env.py."""
    found: list[tuple[Path, tuple[Path, ...]]] = []

    def note(config: Config) -> None:
        script = ScriptDirectory.from_config(config)
        found.append((Path(script.dir), tuple(Path(path) for path in script._version_locations)))

    try:
        provider(note)
    except Exception as error:
        raise env_failure(error, "") from error
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
