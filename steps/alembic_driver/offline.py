"""Prints what revisions would send, through env.py's offline mode. Nothing is sent to a database."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from traceback import walk_tb
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import HeadMaintainer, MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine
from sqlalchemy.exc import ArgumentError, CompileError, InvalidRequestError, NoInspectionAvailable

from initdb.booting import loading
from initdb.errors import InitError
from initdb.errors.location import where
from initdb.errors.translated import translated
from initdb.errors.withheld import kind_of
from initdb.steps.alembic_driver import private_names
from initdb.steps.alembic_driver.ask import Answer
from initdb.steps.alembic_driver.environment import Environment, Step
from initdb.steps.alembic_driver.fresh_scripts import read_fresh
from initdb.steps.alembic_driver.process_lock import PROCESS
from initdb.steps.context import Application
from initdb.steps.effects.paper import READS, NotOnPaper, Paper
from initdb.steps.effects.script import Script, Sql
from initdb.steps.engines.restricted import NoConnection, no_connections
from initdb.steps.env_py.kept_logging import kept_logging
from initdb.steps.env_py.source import runs_in_a_loop

NO_OFFLINE = "env.py has no offline mode"


class _Refused(Exception):
    """Why something cannot be printed."""


def _refusal(call: Callable[[], object], why: Callable[[BaseException], str]) -> str:
    """Call the application's code. Return what `why` makes of its error; empty if it raises none."""
    try:
        with translated(lambda error: _Refused(why(error))):
            call()
    except _Refused as refused:
        return str(refused)
    except SystemExit as error:
        return why(error)
    return ""


def print_revisions(
    application: Application, engine: Engine, rows: tuple[str, ...] | None
) -> dict[str, Script] | str:
    """Print the revisions that `upgrade heads` would run.

    Args:
        application: Its env.py is run.
        engine: Of the database. No connection is made.
        rows: The version rows; None if there is no version table yet.

    Returns:
        The revisions in order, by id; or why none can be printed.
    """
    scripts: dict[str, Script] = {}

    def act(here: Environment) -> None:
        printer, at = _Printer(here), rows or ()
        for number, step in enumerate(here.upgrades(at)):
            script, at = printer.revision(step, at, fresh=rows is None and not number)
            scripts[script.revision] = script

    return _offline(application, engine, act) or scripts


def print_stamp(
    application: Application, engine: Engine, rows: tuple[str, ...] | None, revisions: Sequence[str]
) -> Script:
    """Print what sets the version rows.

    Args:
        application: Its env.py is run.
        engine: Of the database. No connection is made.
        rows: The version rows; None if there is no version table yet.
        revisions: The new version rows.
    """
    scripts: list[Script] = []

    def act(here: Environment) -> None:
        scripts.append(_Printer(here).stamp(rows, revisions))

    why = _offline(application, engine, act)
    return scripts[0] if scripts else Script("", refused=why)


def ask_offline(application: Application, engine: Engine) -> Answer | str:
    """Ask env.py for its version table and its folders, without a connection.

    Args:
        application: Its env.py is run.
        engine: Of the database.

    Returns:
        The answer, or why there is none.
    """
    found: list[Answer] = []

    def act(here: Environment) -> None:
        schema = here.context.version_table_schema
        found.append(Answer(here.version_table, schema, here.folders))

    why = _offline(application, engine, act)
    return found[0] if found else why


class _Printer:
    """Writes down what revisions send.

    Args:
        here: The env.py while it runs in offline mode.
    """

    def __init__(self, here: Environment) -> None:
        self._here, self._context = here, here.context
        self._sent: list[Sql] = []
        self._outside = False
        context = here.context
        self._paper = Paper(context.dialect, self._write)
        context.dialect = context.impl.dialect = self._paper.dialect
        context.connection = context.impl.connection = self._paper  # type: ignore[assignment]
        context.impl.static_output = self._write  # type: ignore[method-assign]
        context.autocommit_block = self._block  # type: ignore[method-assign]
        private_names.write_down(context, self._paper.put)

    def revision(self, step: Step, rows: tuple[str, ...], *, fresh: bool) -> tuple[Script, tuple[str, ...]]:
        """The script of a revision, and the version rows after it."""
        self._sent, self._paper.refused = [], ""
        refused = _by_a_driver(step.path)
        if not refused:
            refused = _refusal(
                lambda: step.alembic.migration_fn(**self._here.arguments),
                lambda error: _why(error, str(step.path)),
            )
        refused = refused or self._paper.refused
        statements, self._sent = self._sent, []
        if fresh:
            self._make_version_table()
        maintainer = HeadMaintainer(self._context, rows)
        maintainer.update_to_step(step.alembic)
        version = tuple(sql.text for sql in self._sent)
        script = Script(step.revision, tuple(statements), version, refused)
        return script, tuple(sorted(maintainer.heads))

    def stamp(self, rows: tuple[str, ...] | None, revisions: Sequence[str]) -> Script:
        """The script that sets the version rows."""
        if rows is None:
            self._make_version_table()
        at = rows or ()
        for step in private_names.stamp_steps(self._here.script, revisions, at):
            maintainer = HeadMaintainer(self._context, at)
            maintainer.update_to_step(step)
            at = tuple(sorted(maintainer.heads))
        return Script("", version=tuple(sql.text for sql in self._sent))

    def _make_version_table(self) -> None:
        private_names.version_table(self._context).create(self._paper)

    def _write(self, text: str) -> None:
        bare = text.strip().removesuffix(self._context.impl.command_terminator).rstrip().rstrip(";")
        if bare:
            self._sent.append(Sql(bare, self._outside))

    @contextlib.contextmanager
    def _block(self) -> Iterator[None]:
        self._outside = True
        try:
            yield
        finally:
            self._outside = False


def _offline(application: Application, engine: Engine, act: Callable[[Environment], None]) -> str:
    """Run env.py in offline mode, with `act` in the place of run_migrations. Return why it did not run."""
    provider, place = application.provider, application.place
    if provider is None or place is None:
        return "there are no revisions"
    if runs_in_a_loop(place.script_location / "env.py"):
        return "env.py migrates several databases, and its offline mode writes a file for each"
    reached: list[bool] = []

    def reach(here: Environment) -> None:
        reached.append(True)
        act(here)

    def run(config: Config) -> None:
        script = ScriptDirectory.from_config(config)
        if place.version_locations:
            script.version_locations = [str(path) for path in place.version_locations]
        read_fresh(script, application)
        environment = EnvironmentContext(config, script, fn=_nothing, as_sql=True, destination_rev="heads")
        configure = environment.configure

        def configured(*args: Any, **kwargs: Any) -> None:
            configure(*args, **kwargs)
            _take(environment.get_context(), script, engine, reach)

        environment.configure = configured  # type: ignore[method-assign]
        with no_connections(), environment:
            script.run_env()

    with PROCESS, kept_logging(), loading():
        why = _refusal(lambda: provider(run), _why_env)
    return why if why or reached else NO_OFFLINE


def _nothing(rev: Any, context: Any) -> list[Any]:
    """A placeholder for the function that Alembic's commands pass."""
    return []


def _take(
    context: MigrationContext, script: ScriptDirectory, engine: Engine, act: Callable[[Environment], None]
) -> None:
    """Replace Alembic's loop by ours, on this instance."""
    if context.dialect.name != engine.dialect.name:
        raise _Refused(f"env.py's offline mode is for another database ({context.dialect.name})")
    done: list[bool] = []

    def run_migrations(**arguments: Any) -> None:
        assert context.connection is not None  # noqa: S101 - Alembic has made one of its own
        if not done:
            done.append(True)
            act(Environment(context.connection, context, script, arguments))

    context.run_migrations = run_migrations  # type: ignore[method-assign]
    context.begin_transaction = lambda *_: contextlib.nullcontext()  # type: ignore[method-assign]


_DRIVER = re.compile(
    r"^[ \t]*(?:import|from)[ \t]+(?:aiosqlite|asyncpg|pg8000|psycopg|psycopg2|sqlite3)\b", re.MULTILINE
)
"""The import of a driver, whose connections cannot be refused."""


def _by_a_driver(path: Path) -> str:
    """Why a revision must not be called: it may connect by a driver. Empty if it does not import one."""
    source = path.read_text(errors="replace")
    found = _DRIVER.search(source)
    return f"it imports a driver (line {source.count(chr(10), 0, found.start()) + 1})" if found else ""


def _why(error: BaseException, file: str) -> str:
    """Why a revision cannot be printed, with the line of its file."""
    at = _place(error, file)
    if isinstance(error, NotOnPaper):
        return f"{error}{at}"
    if isinstance(error, NoInspectionAvailable | ArgumentError) and "Paper" in str(error):
        return f"{READS}{at}"
    if isinstance(error, NoConnection):
        return f"it connects to a database by itself{at}"
    if (table := _rebuilt(error)) is not None:
        return f"batch mode rebuilds table {table}, and has to read its definition first{at}"
    if isinstance(error, AttributeError) and "'Paper'" in str(error):
        return f"it works with a connection or a Session{at}"
    if isinstance(error, CompileError | InvalidRequestError):
        return f"it has a value that cannot be written as SQL{at}"
    return f"it needs a database: {kind_of(error)}{at}"


def _place(error: BaseException, file: str) -> str:
    """The line of a revision's file, or else of another file of the application, in parentheses."""
    lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    place = f"line {lines[-1]}" if lines else where(error)
    return f" ({place})" if place else ""


_BATCH = re.compile(r'reflect the table "(?P<table>[^"]+)"')


def _rebuilt(error: BaseException) -> str | None:
    """The table that batch mode would rebuild, if that is why a revision failed."""
    found = _BATCH.search(str(error)) if isinstance(error, CommandError) else None
    return found["table"] if found else None


def _why_env(error: BaseException) -> str:
    if isinstance(error, _Refused):
        return str(error)
    if isinstance(error, NoConnection):
        return f"{NO_OFFLINE}: it connects to the database"
    if isinstance(error, InitError):
        return f"{error.rendered().message} {' '.join(error.context)}"
    return f"env.py fails in offline mode: {kind_of(error)}{_place(error, '')}"
