"""Files that a fault has left, judged once each: those that SQLite recovers to the same are one state."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from sqlalchemy.exc import DBAPIError

from tests.crash import acknowledged, trying
from tests.crash.facts import Told
from tests.crash.places import Files, SqlitePlace, name_of
from tests.crash.trying import Expected

GUARD = 24
"""Of files that SQLite recovers to a state that was resumed before, every so many are resumed too."""


class Judge:
    """Resumes from files and compares; remembers what came of it, by their bytes and by what they hold.

    Whoever opens a database first recovers it, by SQLite's own rules, before anything is read. So files whose
    recovery gives equal rows, schema and journal, and that leave the same kinds of files to recover from, are
    resumed once.
    """

    def __init__(self, place: SqlitePlace, expected: Expected) -> None:
        self._place, self._expected = place, expected
        self._by_bytes: dict[str, tuple[str, ...]] = {}
        self._by_content: dict[str, tuple[str, ...]] = {}
        self._stories: dict[str, Told] = {}

    def problems(
        self, files: Files, told: frozenset[str] = frozenset(), completed: bool = False
    ) -> tuple[str, ...]:
        """What is wrong once a run has been resumed from them.

        `told`: the events of which the run was told that they are committed. `completed`: it had come to its
        end.
        """
        name = f"{name_of(files)} {completed}"
        if name not in self._by_bytes:
            self._by_bytes[name] = self._judged(files, completed)
        return (*self._forgotten(files, told), *self._by_bytes[name])

    def _forgotten(self, files: Files, told: frozenset[str]) -> Iterator[str]:
        name = name_of(files)
        if told and name not in self._stories:
            self._place.write(files)
            try:
                self._stories[name] = trying.story(self._place)
            except DBAPIError:  # what cannot be read has lost everything
                self._stories[name] = Told((), None)
        if told:
            yield from acknowledged.missing(told, self._stories[name])

    def _judged(self, files: Files, completed: bool) -> tuple[str, ...]:
        # What was committed differs between points that leave the same files: it is compared point by point.
        acknowledged.forget(self._place.folder)
        if completed:
            self._place.write(files)
            return trying.compared(self._place, self._expected)
        content = self._content(files)
        if content in self._by_content and len(self._by_bytes) % GUARD:
            return self._by_content[content]
        self._place.write(files)
        found = trying.problems_after(self._place, self._expected)
        self._by_content.setdefault(content, found)
        return found

    def _content(self, files: Files) -> str:
        self._place.write(files)
        return content(self._place, files)


def content(place: SqlitePlace, files: Files) -> str:
    """Names what SQLite recovers from `files`, which are in place, and from which of them it does."""
    left = " ".join(sorted(name for name, content in files.items() if content))
    if place.path.name not in files:
        return left
    summed = hashlib.blake2b(digest_size=12)
    with closing(sqlite3.connect(place.path)) as connection:
        try:
            for row in _rows(connection):
                summed.update(repr(row).encode())
        except sqlite3.DatabaseError as error:  # one that cannot be read is a state as well
            return f"{error} {name_of(files)}"
    return f"{summed.hexdigest()} {left}"


def _rows(connection: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    """Everything in a database: its schema, its rows with those of the journal, what its checks find."""
    yield from connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name")
    tables = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
    ).fetchall()
    for (table,) in tables:
        yield from connection.execute('SELECT * FROM "{}"'.format(table.replace('"', '""')))
    yield from connection.execute("PRAGMA integrity_check")
    yield from connection.execute("PRAGMA foreign_key_check")
