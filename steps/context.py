"""What a step gets: the work connection, the unit of work, the application's parts, the knowledge."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from sqlalchemy import Connection, Engine, MetaData

from initdb.events.database import database_of
from initdb.events.journal import NOWHERE, Journal
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.form import Payload
from initdb.settings import Settings
from initdb.steps.catalog.issue import Issue
from initdb.steps.revisions.graph import RevisionGraph
from initdb.steps.revisions.locate import MigrationPlace
from initdb.steps.seeds.model import SeedSource

ConfigTask: TypeAlias = Callable[[Any], None]
"""What is done with an Alembic Config. It is untyped, since only the driver of Alembic imports Alembic."""

ConfigProvider: TypeAlias = Callable[[ConfigTask], None]
"""Makes an Alembic Config, and calls the given function with it in the context of env.py."""


Allowed: TypeAlias = tuple[str, str, str]
"""What a manifest allows to run: its kind ("env.py", "revision" or "seed"), its name, and its hash."""


class Unit(Protocol):
    """One transaction: lock the head, check it, do the work, append the event, commit.

    It works on any connection to the database: the work connection, or the one that env.py opened.
    """

    def begin(self, connection: Connection) -> None:
        """Begin a transaction and lock the head.

        Raises:
            JournalSignal: The head is not the one that the process decided on.
        """

    def commit(self, connection: Connection, *events: Payload) -> None:
        """Append the events and commit. The machine computes the state from what the last one says."""

    def rollback(self, connection: Connection) -> None:
        """Undo everything since `begin`."""

    def open(self, connection: Connection) -> AbstractContextManager[None]:
        """Begin; roll back if the block raises. The block itself ends with `commit`."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a step is, for the terminal, the log and the processes that wait.

    Attributes:
        step: The work.
        subject: The revision or the seed that is worked on.
        number: Which revision it is, from 1; of a seed the rows that are done.
        of: How many revisions there are; 0 for a seed.
    """

    step: str
    subject: str = ""
    number: int = 0
    of: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """A check of the application's own. Each validation runs it.

    Args:
        name: What reports call it.
        check: Gets a connection, on which it may only read, and returns a sentence for each issue.
        severity: "info", "warning", "error" or "critical". With one of the last two, an issue keeps the
            database from being ready.

    Example:
        >>> from sqlalchemy import text
        >>> def no_empty_orders(connection):
        ...     query = text("SELECT id FROM orders WHERE id NOT IN (SELECT order_id FROM lines)")
        ...     return [f"Order {order} has no lines." for order in connection.scalars(query)]
        >>> rule = Rule("every order has lines", no_empty_orders)
    """

    name: str
    check: Callable[[Connection], list[str]]
    severity: str = "error"


@dataclass(frozen=True, slots=True)
class Application:
    """The parts of an application: its models, its revisions, its seeds, its rules.

    Attributes:
        metadata: The models; None if only revisions are given.
        place: Where the revisions are.
        graph: The revisions; None if there are none, or if env.py chooses them and was not asked yet.
        provider: Makes the Alembic Config; None without revisions.
        seeds: The sources of first rows, in their order.
        has_seeds: Whether folders, files or functions are named as seeds, even if there is none in them.
        left_out: Gives the files in the folders of the seeds that are none, as sentences with the reason.
            Only a boot that works, `plan` and `validate` ask.
        excluded: Gives the ids of those differences from the models that env.py leaves out.
        rules: The application's own checks.
        schema_from: "models", "migrations" or "base".
        base: For "base": a MetaData, or a callable that creates the tables which the revisions begin with.
        identity: Whether the built-in identity schema is used.
        version_table: Alembic's version table, as the text of env.py says, or as a run has learned from
            env.py.
        version_schema: Its schema; None for the default schema.
        version_asked: Whether env.py was asked for it.
        env_py: The hash of env.py; None without revisions, or if it cannot be read.
        env_chooses: Whether env.py chooses the folders of the revisions.
        companions: The other databases that env.py migrates. Each has its own journal and its own runs.
        manifest: What may run; None if no manifest is required.
        name: What reports call it.
        folder: Where relative paths begin.
    """

    metadata: MetaData | None = None
    place: MigrationPlace | None = None
    graph: RevisionGraph | None = None
    provider: ConfigProvider | None = None
    seeds: tuple[SeedSource, ...] = ()
    has_seeds: bool = False
    left_out: Callable[[], tuple[str, ...]] = tuple
    excluded: Callable[[Connection, Collection[Issue]], Collection[str]] = lambda _, __: frozenset()
    rules: tuple[Rule, ...] = ()
    schema_from: str = "models"
    base: object = None
    identity: bool = False
    version_table: str = "alembic_version"
    version_schema: str | None = None
    version_asked: bool = False
    env_py: str | None = None
    env_chooses: bool = False
    companions: tuple[Engine, ...] = ()
    manifest: frozenset[Allowed] | None = None
    name: str = ""
    folder: Path = field(default_factory=Path)


@dataclass(frozen=True, slots=True)
class StepContext:
    """Everything that a step may use.

    Attributes:
        work: The work connection. For SQLAlchemy it is always in a transaction; the driver begins one only in
            a unit.
        unit: The unit of work.
        application: The parts of the application.
        settings: The settings.
        knowledge: What the journal says.
        engine: The engine of the database.
        journal: Where the events are.
        report: Reports how far the step is.
        waits: Reports what the step waits for.
        announce: Says what is about to be made beside the tables.
        sleep: Sleeps for some seconds; raises if a signal comes.
        back_up: Makes a backup, if one is due. A step calls it before it changes tables, and before it opens
            a unit.
    """

    work: Connection
    unit: Unit
    application: Application
    settings: Settings
    knowledge: Knowledge
    engine: Engine
    journal: Journal = NOWHERE
    report: Callable[[Progress], None] = lambda progress: None
    waits: Callable[[str], None] = lambda why: None
    announce: Callable[[str], None] = lambda said: None
    sleep: Callable[[float], None] = lambda seconds: None
    back_up: Callable[[], None] = lambda: None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give the work connection for reading outside a unit. Afterwards its locks are released."""
        database = database_of(self.work)
        try:
            database.lift_limits(self.work)
            yield self.work
        finally:
            database.rollback(self.work)

    @property
    def database(self) -> str:
        """ "sqlite" or "postgresql"."""
        return self.work.dialect.name
