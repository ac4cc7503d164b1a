"""A scenario as data: which application, where it begins, what is run, how it goes on, what may differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from initdb.statemachine.initializer import Initializer
from initdb.statemachine.render.results import InitializationResult

SQLITE_WAL, SQLITE_JOURNAL, POSTGRESQL = "sqlite-wal", "sqlite-journal", "postgresql"
DATABASES = (SQLITE_WAL, SQLITE_JOURNAL, POSTGRESQL)
"""SQLite in a file that initdb makes (WAL), SQLite in a file with a rollback journal, PostgreSQL."""


class App(Protocol):
    """An application in a folder on a database."""

    def initializer(self) -> Initializer:
        """A process of it, as its files are now."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a run ended: the outcome's name and the errors as shown."""

    outcome: str
    errors: tuple[str, ...] = ()


def boot(initializer: Initializer) -> Answer:
    """What every boot calls."""
    return answer_of(initializer.initialize())


def answer_of(result: InitializationResult) -> Answer:
    """The part of a result that is compared."""
    return Answer(result.outcome, tuple(result.errors))


def as_it_is(state: dict[str, Any]) -> dict[str, Any]:
    """The state itself."""
    return state


Run = Callable[[Initializer], Answer]


@dataclass(frozen=True, slots=True)
class Scenario:
    """An application and what is run on it.

    `make` gives the application of a folder and URL; `prepare`, called once, writes its files and brings
    the database to where `run` begins. After a crash `resume` is called once and must end as `ends`.
    `order`: it is a person's order, which nobody repeats once the journal says that its run has ended.

    What two runs need not share: `may_differ`, columns (`table.column` or `column`); `asks`, queries
    whose rows say what those columns tie together; `settle` gives a state without what is left to chance
    in it; `besides`, types of events that a person's answer adds; `unsettled`, parts of an event's data
    that are left to chance.

    `draws_numbers`: its steps take values of sequences, and a rollback leaves gaps on PostgreSQL.

    `truth`: queries with the rows that the uninterrupted run itself must leave.

    `small`: cheap enough for the short form and for all pairs of points. `layers`: the letters of those that
    take it.
    """

    name: str
    about: str
    make: Callable[[Path, str], App]
    prepare: Callable[[Any], None]
    run: Run = boot
    resume: Run = boot
    ends: str = "ready"
    order: bool = False
    databases: tuple[str, ...] = DATABASES
    may_differ: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    truth: Mapping[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    settle: Callable[[dict[str, Any]], dict[str, Any]] = as_it_is
    besides: frozenset[str] = frozenset()
    unsettled: frozenset[str] = frozenset()
    draws_numbers: bool = False
    small: bool = False
    layers: str = "ARBCDEFGH"
