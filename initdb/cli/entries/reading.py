"""Reads the journal for a command. It closes its connection, and creates nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sqlalchemy import Engine

from initdb.cli.entries.filters import last
from initdb.errors import InitError
from initdb.events.entry import Entry
from initdb.events.sessions import database_file, session
from initdb.settings import Settings
from initdb.statemachine.site import journal_of
from initdb.steps.connect import reading


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read.

    Attributes:
        entries: The entries that were asked for.
        error: Why reading ended before the end of the journal, if it did.
        exists: Whether there is a journal.
    """

    entries: list[Entry] = field(default_factory=list)
    error: InitError | None = None
    exists: bool = True


def read(
    engine: Engine,
    settings: Settings,
    select: Callable[[Iterable[Entry]], Iterable[Entry]],
    number: int | None = None,
    after: int = 0,
) -> Reading:
    """Read the journal.

    Args:
        engine: The engine of its database.
        settings: They say who owns the journal, and in which schema it is.
        select: Gives those of the entries that are asked for.
        number: How many entries to give, the last ones; None is all.
        after: The number of the entry after which to begin.

    Raises:
        InitError: The database cannot be reached, or the journal cannot be read.
    """
    if not is_there(engine):
        return Reading(exists=False)
    found: list[Entry] = []
    with reading(engine), session(engine) as connection:
        journal, exists = journal_of(connection, settings)
        if not exists:
            return Reading(exists=False)
        try:
            with journal.readable(connection):
                for entry in select(journal.read(connection, after)):
                    found.append(entry)
        except InitError as error:
            return Reading(list(last(found, number)), error)
    return Reading(list(last(found, number)))


def is_there(engine: Engine) -> bool:
    """Whether the database may exist. Connecting would create a SQLite file, so the file is looked for."""
    file = database_file(engine)
    return file is None or file.exists()
