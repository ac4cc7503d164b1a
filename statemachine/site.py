"""The place of a run: its engine, the parts of the application, the settings, the clock, the watcher."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection, Engine, make_url

from initdb.errors import InitError
from initdb.errors.redact import identity
from initdb.events.clock import Clock
from initdb.events.entry import Entry
from initdb.events.find import find
from initdb.events.journal import Journal
from initdb.events.spool import Spool
from initdb.settings import Settings
from initdb.statemachine.author import this_process
from initdb.steps.context import Application, Progress
from initdb.steps.engines.restricted import only_reading

_What = TypeVar("_What")


@dataclass(frozen=True, slots=True)
class Waiting:
    """What this process waits for.

    Attributes:
        why: The other process, or the trouble with the database, in words.
        since: When the other process did something last; None if that is not known.
        left: For how many seconds at most this process goes on waiting; None if that is not known.
    """

    why: str
    since: str | None = None
    left: float | None = None


DEFAULT_OWNER = "application"
"""The owner of the journal if the setting `application` is not given."""


def owner_of(settings: Settings) -> str:
    """The owner of the journal, by the settings alone."""
    return settings.application or DEFAULT_OWNER


def trusted_by(settings: Settings) -> tuple[str, ...]:
    """The roles that may own the journal, by `journal_owner` and `work_url`."""
    role = make_url(settings.work_url).username if settings.work_url else None
    return (*settings.journal_owner, *((role,) if role else ()))


def journal_of(
    connection: Connection, settings: Settings, tables: Collection[str] | None = None
) -> tuple[Journal, bool]:
    """Find the journal that the settings mean, and whether it exists.

    Args:
        connection: In a transaction that may read.
        settings: The settings.
        tables: The tables of the application; None if they are not known.

    Raises:
        InitError: As `initdb.events.find.find`.
    """
    return find(connection, owner_of(settings), settings.journal_schema, trusted_by(settings), tables)


def spool_of(engine: Engine, settings: Settings) -> Spool:
    """The file of this user that keeps notes for a journal while its database is unreachable."""
    return Spool.beside(identity(engine.url), settings.application or "")


def _ignore(*_: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Watcher:
    """Functions that a run calls while it works. What they raise is ignored.

    Args:
        entry: Gets each event when it is committed.
        progress: Gets how far a step is.
        waiting: Gets what this process waits for.
        announce: Gets a sentence before something is made beside the tables: a database, a backup.

    Example:
        >>> watcher = Watcher(entry=lambda entry: print(entry.type))
    """

    entry: Callable[[Entry], None] = _ignore
    progress: Callable[[Progress], None] = _ignore
    waiting: Callable[[Waiting], None] = _ignore
    announce: Callable[[str], None] = _ignore


def report_to(watch: Callable[[_What], None], what: _What) -> None:
    """Call a function of a watcher, and ignore what it raises.

    Args:
        watch: The function.
        what: Its argument.
    """
    with contextlib.suppress(Exception):  # it is other people's code, and must not harm the run
        watch(what)


@dataclass(slots=True)
class Site:
    """One application on one database, in this process.

    Attributes:
        engine: The engine that the work is done on.
        application: The parts of the application.
        settings: The settings.
        code: Part → hash: the fingerprint of the code of this process.
        clock: The time.
        watcher: Is told what a run does.
        asker: Asks the person at the terminal a question, and gives the answer; None if nobody is there.
        newest: The newest head that this process has seen.
    """

    engine: Engine
    application: Application
    settings: Settings
    code: Mapping[str, str]
    clock: Clock = field(default_factory=Clock)
    watcher: Watcher = field(default_factory=Watcher)
    asker: Callable[[str], bool] | None = None
    newest: tuple[str | None, int, str] | None = None

    @property
    def name(self) -> str:
        """The application's name, for people: that of the setting, the one that was given, or a default.

        If the application has several databases, the name of this one follows.
        """
        name = self.settings.application or self.application.name or DEFAULT_OWNER
        return f"{name}/{self.settings.database}" if self.settings.database else name

    @property
    def owner(self) -> str:
        """The application that owns the journal, by the setting alone.

        A name of a folder or module would not do: it may differ between a shell and a server.
        """
        return owner_of(self.settings)

    @property
    def tables(self) -> frozenset[str]:
        """The names of the tables that the application has: those of its models, and the version table."""
        metadata = self.application.metadata
        models = () if metadata is None else (table.name for table in metadata.tables.values())
        return frozenset((*models, self.application.version_table))

    @property
    def spool(self) -> Spool:
        """The file that keeps notes while the database is unreachable."""
        return spool_of(self.engine, self.settings)

    def by(self) -> dict[str, object]:
        """Name this process, for the journal."""
        return this_process(self.name)

    def ask_env_py(self) -> None:
        """Learn from env.py in which folders the revisions are, if env.py chooses them. A failure is ignored.

        Its connections may only read. If a SQLite file does not exist, they are to an empty database.
        """
        if self.application.env_chooses:
            from initdb.steps.alembic_driver.ask import chosen

            with contextlib.suppress(InitError), only_reading(self.engine):
                self.application = chosen(self.application, self.engine)
