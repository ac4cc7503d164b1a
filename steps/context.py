"""What a step is given: the work connection, the unit of work, the application's parts, the journal's
knowledge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from sqlalchemy import Connection, Engine, MetaData

from initdb.events.database import database_of
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.form import Payload
from initdb.settings import Settings
from initdb.steps.revisions.graph import RevisionGraph
from initdb.steps.revisions.locate import MigrationPlace
from initdb.steps.seeds.model import SeedSource

ConfigTask: TypeAlias = Callable[[Any], None]
"""What is done with an Alembic Config; untyped, since only the driver of Alembic imports it."""

ConfigProvider: TypeAlias = Callable[[ConfigTask], None]
"""Makes an Alembic Config and calls the function that it is given with it, in the context of env.py."""


class Unit(Protocol):
    """One transaction: lock the head, check it, work, append, commit. Whoever opened the connection."""

    def begin(self, connection: Connection) -> None:
        """Open a transaction and lock the head as the decision knew it; raises when it has moved."""

    def commit(self, connection: Connection, event: Payload) -> None:
        """Append the event and commit both; the machine computes the destination from what the event says."""

    def rollback(self, connection: Connection) -> None:
        """Undo everything since begin."""

    def open(self, connection: Connection) -> AbstractContextManager[None]:
        """Begin; on an exception roll back. The body itself calls commit, last."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a step is, for the terminal, the log and the waiters."""

    step: str
    subject: str = ""
    number: int = 0
    of: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """A check of the application's own, which each validation runs.

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
    """The parts an application brings: its models, its revisions, its seeds, its rules.

    `base` is the metadata or the callable that makes the tables which the revisions begin after.
    `version_table` is what env.py says in plain sight, until a run has learned it from env.py itself;
    `env_chooses`: env.py chooses the folders of the revisions, so that `graph` is None until it was asked.
    `companions`: the other databases that env.py migrates; each has a journal and runs of its own.
    """

    metadata: MetaData | None = None
    place: MigrationPlace | None = None
    graph: RevisionGraph | None = None
    provider: ConfigProvider | None = None
    seeds: tuple[SeedSource, ...] = ()
    rules: tuple[Rule, ...] = ()
    schema_from: str = "models"
    base: object = None
    identity: bool = False
    version_table: str = "alembic_version"
    version_schema: str | None = None
    env_chooses: bool = False
    companions: tuple[Engine, ...] = ()
    name: str = ""
    folder: Path = field(default_factory=Path)


@dataclass(frozen=True, slots=True)
class StepContext:
    """Everything a step may use. `work` is a Connection whose facade is in a transaction and whose driver is
    not."""

    work: Connection
    unit: Unit
    application: Application
    settings: Settings
    knowledge: Knowledge
    engine: Engine
    report: Callable[[Progress], None] = lambda progress: None
    waits: Callable[[str], None] = lambda why: None
    sleep: Callable[[float], None] = lambda seconds: None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """The work connection, to read outside a unit; the locks of reading are given back at once."""
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
