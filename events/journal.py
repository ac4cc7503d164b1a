"""The journal on a given connection: find, create, lock, append, read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.exc import DBAPIError

from initdb.errors import InitError
from initdb.errors.classify import classify, is_missing_table
from initdb.events import facts, naming, shape
from initdb.events.chain import GENESIS, link, lock_key
from initdb.events.database import database_of
from initdb.events.entry import COLUMNS, Entry, parse, read
from initdb.events.fact import sentence
from initdb.events.facts import Difference
from initdb.events.head import SCHEMA_VERSION, WRITER, Head, NoJournal
from initdb.events.knowledge import Knowledge
from initdb.events.pages import pages
from initdb.events.payloads.notes import EntriesArchived, Snapshot
from initdb.events.statements import AnyConnection, run, savepoint

ENTRY = ("seq", "event", "prev_hash", "hash")
"""The columns that an entry is made of."""

Seen = tuple[str | None, int, str]
"""The journal, the number and the hash of an entry that was seen."""


@dataclass(frozen=True, slots=True)
class Journal:
    """A journal: its schema and its owner. Its methods take any connection to its database.

    Attributes:
        schema: None for the session's own.
        application: The owner.
        stamp: What changes with the definition of its tables and triggers, since they were judged; None if
            they were not.
        trusted: The roles that may own it by the settings.
        loose: The statements that take rights from other roles with which they could change it.
    """

    schema: str | None
    application: str
    stamp: str | None = field(default=None, compare=False)
    trusted: tuple[str, ...] = field(default=(), compare=False)
    loose: tuple[str, ...] = field(default=(), compare=False)

    def key(self, purpose: str) -> int:
        """Compute the key of an advisory lock. Each application and schema has its own.

        Args:
            purpose: "baton" or "first".
        """
        return lock_key(purpose, self.application, self.schema or "")

    def table(self, connection: AnyConnection, name: str) -> str:
        """The qualified and quoted name of a table of this journal, for SQLAlchemy's text()."""
        database = database_of(connection)
        return naming.literal(database.at(self.schema)) + database.renamed(name, self.schema)

    def create(self, connection: AnyConnection) -> bool:
        """Create tables, triggers and head in the caller's transaction.

        Returns:
            Whether the schema was missing, and was created too.

        Raises:
            InitError: `foreign-journal-table`, if something else has one of their names;
                `journal-unreadable`, if a part of a journal exists.
        """
        self.check_tables(connection)
        return database_of(connection).create(connection, self.schema)

    def lock_head(self, connection: AnyConnection, lock_timeout: float | None = None) -> Head:
        """Lock the head until the transaction ends, and read it.

        Args:
            connection: In a transaction.
            lock_timeout: How many seconds the statements that follow may wait for a lock; None for no limit.

        Raises:
            HeadBusy: Another transaction has locked it.
            HeadMoved: The definition of its tables or triggers has changed since they were judged.
            NoJournal: There is no journal.
            InitError: `journal-newer`, if only a newer initdb may write; `journal-unreadable`, if the head
                has no row.
        """
        try:
            database = database_of(connection)
            head = _sound(database.lock_head(connection, self.schema, lock_timeout, self.stamp))
        except DBAPIError as error:
            if is_missing_table(error):
                raise NoJournal from error
            raise
        if head.min_writer > WRITER:
            raise InitError(
                "journal-newer", f"it asks for writer {head.min_writer}, this initdb is writer {WRITER}"
            )
        return head

    def append(self, connection: AnyConnection, entry: Entry) -> None:
        """Insert an entry. The triggers check it against the head, and move the head."""
        database_of(connection).before_append(connection)
        names = ", ".join(COLUMNS)
        values = ", ".join(f":{name}" for name in COLUMNS)
        table = self.table(connection, "init_journal")
        run(connection, f"INSERT INTO {table} ({names}) VALUES ({values})", entry.columns())

    def read(self, connection: AnyConnection, after: int = 0) -> Iterator[Entry]:
        """Read entries in their order. One that is no event has the type `entry.UNREADABLE`.

        Args:
            connection: In a transaction that may read.
            after: The number of the entry after which to begin.
        """
        for page in pages(connection, self.table(connection, "init_journal"), ENTRY, after):
            yield from (read(*row) for row in page)

    def entry(self, connection: AnyConnection, seq: int) -> Entry | None:
        """One entry; None if it does not exist, or if it was edited.

        Args:
            connection: In a transaction that may read.
            seq: Its number.
        """
        table = self.table(connection, "init_journal")
        equals = database_of(connection).equals
        query = f"SELECT seq, event, prev_hash, hash FROM {table} WHERE seq {equals} :seq"
        return _whole(run(connection, query, {"seq": seq}))

    def snapshot(self, connection: AnyConnection, upto: int) -> Entry | None:
        """The last snapshot up to an entry; None if there is none, or if it was edited.

        Args:
            connection: In a transaction that may read.
            upto: The number of the entry.
        """
        return self._last_of(connection, Snapshot.type, upto)

    def archived(self, connection: AnyConnection) -> int:
        """The number of the last entry that was archived; 0 if none was.

        Args:
            connection: In a transaction that may read.
        """
        entry = self._last_of(connection, EntriesArchived.type, self.last(connection)[0])
        return EntriesArchived.read(entry.data).upto if entry else 0

    def _last_of(self, connection: AnyConnection, type: str, upto: int) -> Entry | None:
        table = self.table(connection, "init_journal")
        database = database_of(connection)
        rows = run(
            connection,
            f"SELECT seq, event, prev_hash, hash FROM {table} WHERE type {database.equals} :type"
            f" AND seq {database.upto} :upto ORDER BY seq DESC LIMIT 1",
            {"type": type, "upto": upto},
        )
        return _whole(rows)

    def head(self, connection: AnyConnection) -> Head:
        """Read the head without a lock.

        Raises:
            NoJournal: It has no row.
            InitError: `journal-unreadable`, if its values make no sense.
        """
        table = self.table(connection, "init_journal_head")
        equals = database_of(connection).equals
        rows = run(
            connection, f"SELECT seq, hash, schema_version, min_writer FROM {table} WHERE id {equals} 1"
        )
        if not rows:
            raise NoJournal
        return _sound(Head(*rows[0]))

    def last(self, connection: AnyConnection) -> tuple[int, str]:
        """The number and the hash of the last entry; 0 and `chain.GENESIS` if there is none."""
        table = self.table(connection, "init_journal")
        rows = run(connection, f"SELECT seq, hash FROM {table} ORDER BY seq DESC LIMIT 1")
        return (rows[0][0], rows[0][1]) if rows else (0, GENESIS)

    def hash_at(self, connection: AnyConnection, seq: int) -> str | None:
        """The hash of an entry; None if there is no such entry."""
        table = self.table(connection, "init_journal")
        equals = database_of(connection).equals
        rows = run(connection, f"SELECT hash FROM {table} WHERE seq {equals} :seq", {"seq": seq})
        return str(rows[0][0]) if rows else None

    def lacks(self, connection: AnyConnection, known: Knowledge, seen: Seen | None) -> bool:
        """Whether an entry that was seen before is gone: a backup was restored, for example.

        Args:
            connection: In a transaction that may read.
            known: What the journal says now.
            seen: Journal, number and hash of the entry; None if none was seen.
        """
        if seen is None or seen[0] is None:
            return False
        name, seq, digest = seen
        if known.journal != name or known.seq < seq:
            return True
        found = known.hash if known.seq == seq else self.hash_at(connection, seq)
        return digest != found and (found is not None or seq > self.archived(connection))

    @contextlib.contextmanager
    def readable(self, connection: AnyConnection) -> Iterator[None]:
        """Translate what fails in the block, which reads the journal. Lost connections are not translated.

        Raises:
            InitError: `foreign-journal-table`, `journal-unreadable`.
        """
        try:
            yield
        except DBAPIError as error:
            found = classify(error, doing="journal", database=database_of(connection).name)
            if found.reference != "journal-unreadable" or is_missing_table(error):
                raise
            database_of(connection).rollback(connection)
            self.check_tables(connection)
            raise found from error

    def judged_anew(self, connection: AnyConnection) -> Journal:
        """The same journal, after the open transaction has changed its definition itself."""
        stamp = database_of(connection).lock_to_read(connection, self.schema)
        return replace(self, stamp=stamp, loose=())

    def altered(self, connection: AnyConnection) -> tuple[Difference, ...]:
        """How its tables, keys, triggers and functions differ from what initdb makes.

        A journal of a newer version is not compared.

        Args:
            connection: In a transaction that may read.

        Raises:
            NoJournal: The head has no row.
            InitError: `journal-unreadable`.
        """
        database, version = database_of(connection), self.head(connection).schema_version
        if version > SCHEMA_VERSION:
            return ()
        return facts.differences(
            database.facts(connection, self.schema), database.expected(self.schema, version)
        )

    def check_guards(self, connection: AnyConnection) -> None:
        """Check that every table, key, trigger and function that guards the journal is as initdb makes it.

        Raises:
            InitError: `journal-trigger-missing`.
        """
        said = [one for one in self.altered(connection) if one.fact.of != shape.VERSION and one.is_grave]
        if said:
            lines = (f"{sentence(one)}." for one in said)
            raise InitError("journal-trigger-missing", *lines, database=database_of(connection).name)

    def is_half_restored(self, connection: AnyConnection) -> bool:
        """Whether a restore has not filled the journal yet.

        It fills one table after the other, and makes triggers last. Whoever only removes rows leaves them.
        """
        if any(one.kind == "trigger" for one in database_of(connection).facts(connection, self.schema)):
            return False
        head = run(connection, f"SELECT 1 FROM {self.table(connection, 'init_journal_head')}")
        return not head or self.last(connection)[0] == 0

    def check_tables(self, connection: AnyConnection) -> Mapping[str, shape.Relation]:
        """Check that what has the journal's names is a journal, and return it by name.

        Raises:
            InitError: See `shape.fault`.
        """
        found = database_of(connection).relations(connection, self.schema)
        fault = shape.fault(found, database_of(connection).name)
        if fault is not None:
            raise fault
        return found

    def check_version(self, connection: AnyConnection) -> None:
        """Check that indexes and version table have the version of the head. A newer version is not checked.

        Raises:
            InitError: `journal-incomplete`, with the statements that are missing.
        """
        head = self.head(connection)
        todo = self._amendments(connection, head.schema_version)
        if todo and self.head(connection).schema_version != head.schema_version:
            # Another process upgraded it in the middle of this check.
            self.check_version(connection)
        elif todo:
            said = f"its head says version {head.schema_version}; what makes it so:"
            raise InitError(
                "journal-incomplete",
                said,
                *(f"{one};" for one in todo),
                database=database_of(connection).name,
            )

    def _amendments(self, connection: AnyConnection, version: int) -> tuple[str, ...]:
        """The statements that make the tables a journal of this version."""
        if version > SCHEMA_VERSION:
            return ()
        database, found = database_of(connection), self.check_tables(connection)
        rows, at = self.version_rows(connection) if shape.VERSION in found else (), database.at(self.schema)
        missing = shape.amendments(found, rows, version, database.ddl(at), at)
        return tuple(database.renamed(statement, self.schema) for statement in missing)

    def version_rows(self, connection: AnyConnection) -> tuple[str, ...] | None:
        """The rows of the version table; None if this role may not read them, which is no fault."""
        table = self.table(connection, shape.VERSION)
        try:
            with savepoint(connection):
                return tuple(row[0] for row in run(connection, f"SELECT version_num FROM {table}"))
        except DBAPIError:
            return None


@dataclass(frozen=True, slots=True)
class Entries:
    """All entries of a journal, in their order. They are read page by page, anew at each iteration.

    Attributes:
        journal: The journal.
        connection: In a transaction that may read.
    """

    journal: Journal
    connection: AnyConnection

    def __iter__(self) -> Iterator[Entry]:
        """Read them."""
        return self.journal.read(self.connection)


NOWHERE = Journal(None, "")
"""No journal, of no application."""


def _whole(rows: Sequence[Any]) -> Entry | None:
    """The entry in the first of some rows; None if there is none, or if it was edited."""
    try:
        return parse(*rows[0]) if rows and link(rows[0][2], rows[0][1]) == rows[0][3] else None
    except (TypeError, ValueError, AttributeError):
        return None


def _sound(head: Head) -> Head:
    """Return the head, unless its row contains what no journal writes.

    Raises:
        InitError: `journal-unreadable`.
    """
    numbers = (head.seq, head.schema_version, head.min_writer)
    if not all(type(number) is int for number in numbers) or not isinstance(head.hash, str):
        said = f"the row of init_journal_head makes no sense: {head.seq!r}, {head.hash!r}, {numbers[1:]}"
        raise InitError("journal-unreadable", said)
    return head
