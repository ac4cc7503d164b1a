"""Reads the journal for a command: a part at a time, and without a connection while that is printed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, starmap

from sqlalchemy import Engine

from initdb.cli.entries.conditions import part_of
from initdb.cli.entries.filters import Filters, last
from initdb.errors import InitError
from initdb.events.database import database_of
from initdb.events.entry import Entry, read
from initdb.events.pages import PAGE
from initdb.events.sessions import database_file, session
from initdb.settings import Settings
from initdb.statemachine.site import journal_of
from initdb.steps.connect import reading

AT_ONCE = 2000
"""How many entries are in memory at once, but for the first ones: often these are all that is looked at."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read.

    Attributes:
        entries: The entries that were asked for, which are read while they are taken. InitError is raised
            after those that could be read.
        upto: The number of the last entry that the journal has.
        exists: Whether there is a journal.
    """

    entries: Iterator[Entry]
    upto: int
    exists: bool


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some entries, in their order.

    Attributes:
        entries: The entries.
        upto: The number of the last entry of the journal.
        exists: Whether there is a journal.
        is_last: Whether there are no more.
        error: Why reading ended here, if it did.
    """

    entries: list[Entry]
    upto: int = 0
    exists: bool = True
    is_last: bool = True
    error: InitError | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one journal.

    Attributes:
        engine: The engine of its database.
        settings: They say who owns the journal, and in which schema it is.
        filters: Which entries are asked for.
        decodes: Whether entries are decoded. If not, they have a number and a text only: for `--json`, with
            filters that the columns can answer.
    """

    engine: Engine
    settings: Settings
    filters: Filters
    decodes: bool = True

    def select(self, entries: Iterable[Entry]) -> Iterable[Entry]:
        """Those that are asked for, of entries that the database gave."""
        return self.filters.select(entries) if self.decodes else entries

    def read(self, number: int | None = None) -> Reading:
        """The entries that are asked for.

        Args:
            number: How many to give, the last ones; None is all.

        Raises:
            InitError: The database cannot be reached, or the journal cannot be read.
        """
        if number is not None and not self.filters.failed:
            chunk = self._chunk(0, None, number, AT_ONCE)
            return Reading(_given(chunk), chunk.upto, chunk.exists)
        found = self.since(0)
        return Reading(last(self.select(found.entries), number), found.upto, found.exists)

    def since(self, after: int) -> Reading:
        """The entries after one, as far as the columns say that they can be asked for.

        Args:
            after: The number of the entry.

        Raises:
            InitError: As with `read`.
        """
        chunk = self._chunk(after, None, None, PAGE)
        return Reading(self._on(chunk), chunk.upto, chunk.exists)

    def _on(self, chunk: _Chunk) -> Iterator[Entry]:
        while True:
            yield from _given(chunk)
            if chunk.is_last or not chunk.entries:
                return
            chunk = self._chunk(chunk.entries[-1].seq, chunk.upto, None, AT_ONCE)

    def _chunk(self, after: int, upto: int | None, number: int | None, most: int) -> _Chunk:
        """Read some entries, and close the connection.

        Args:
            after: The number of the entry after which to begin.
            upto: The number of the last entry to read; None for the last one there is.
            number: How many to give, the last ones that are asked for; None for the next ones that can be.
            most: How many of these.
        """
        if not is_there(self.engine):
            return _Chunk([], exists=False)
        found, end = deque[Entry](), upto or 0
        try:
            with reading(self.engine), session(self.engine) as connection:
                journal, exists = journal_of(connection, self.settings)
                if not exists:
                    return _Chunk([], exists=False)
                with database_of(connection).pinned(connection), journal.readable(connection):
                    end = upto or journal.last(connection)[0]
                    part = part_of(connection, journal, self.filters, after, end)
                    entries = starmap(read if self.decodes else _text, part.rows(connection, journal, number))
                    if number is not None:
                        found.extendleft(islice(self.select(entries), number))
                    else:
                        found.extend(islice(entries, most))
        except InitError as error:
            if not found:
                raise
            return _Chunk(list(found), end, error=error)
        return _Chunk(list(found), end, is_last=number is not None or len(found) < most)


def _text(seq: int, text: object, prev_hash: str, digest: str) -> Entry:
    """An entry that is only printed as it is stored."""
    raw = text if isinstance(text, str) else repr(text)
    return Entry(seq, "", "", "", "", "", "", 1, {}, {}, raw, prev_hash, digest)


def _given(chunk: _Chunk) -> Iterator[Entry]:
    yield from chunk.entries
    if chunk.error is not None:
        raise chunk.error


def is_there(engine: Engine) -> bool:
    """Whether the database may exist. Connecting would create a SQLite file, so the file is looked for."""
    file = database_file(engine)
    return file is None or file.exists()
