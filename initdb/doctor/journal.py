"""Judges the journal: who may write it, whether it is guarded, and which version of initdb wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from initdb.doctor.finding import Finding, from_error, ok, problem, warning
from initdb.errors import InitError
from initdb.events.database import database_of
from initdb.events.entry import parse
from initdb.events.head import SCHEMA_VERSION, WRITER, Head
from initdb.events.journal import Journal
from initdb.events.payloads.notes import JournalCreated
from initdb.events.statements import run
from initdb.settings import Settings
from initdb.statemachine.site import journal_of
from initdb.supported import is_older


@dataclass(frozen=True, slots=True)
class JournalFound:
    """A journal, as far as an examination reads it.

    Attributes:
        journal: The journal.
        head: Its head; None if there is no journal.
        application: Its owner, as its first entry says.
        written_at: The time of its last entry, in UTC.
        written_by: The version of initdb that wrote it.
        faults: What is wrong with its tables and its triggers.
    """

    journal: Journal
    head: Head | None = None
    application: str | None = None
    written_at: str = ""
    written_by: str = ""
    faults: tuple[InitError, ...] = ()


def gather_journal(connection: Connection, settings: Settings) -> JournalFound:
    """Read its head, its first and its last entry, and look for its triggers.

    Args:
        connection: In a transaction that may read.
        settings: They say whose journal it has to be, and where it is.

    Raises:
        InitError: It cannot be found or read.
    """
    journal, exists = journal_of(connection, settings)
    if not exists:
        return JournalFound(journal)
    head = journal.head(connection)
    table, equals = journal.table(connection, "init_journal"), database_of(connection).equals
    query = f"SELECT event FROM {table} WHERE seq {equals} 1 OR seq {equals} :last ORDER BY seq"  # noqa: S608 - own names
    rows = run(connection, query, {"last": head.seq})
    try:
        first, last = (parse(1, rows[number][0], "", "") for number in (0, -1))
    except (ValueError, IndexError) as error:
        raise InitError("journal-unreadable", f"its first or last entry: {error}") from error
    return JournalFound(
        journal,
        head,
        JournalCreated.read(first.data).application,
        last.at,
        str(last.by.get("initdb", "")),
        tuple(_faults(connection, journal)),
    )


def _faults(connection: Connection, journal: Journal) -> Iterator[InitError]:
    for check in (journal.check_tables, journal.check_guards, journal.check_version):
        try:
            check(connection)
        except InitError as error:
            yield error


def judge_journal(found: JournalFound, version: str, owner: str = "") -> Iterator[Finding]:
    """The findings about a journal. Pure.

    Args:
        found: What was read.
        version: The version of this initdb.
        owner: The role that owns it, if boots work as another one.
    """
    head = found.head
    if head is None:
        yield ok("journal", "There is no journal yet: the first run creates it.")
        return
    schema = found.journal.schema
    where = f" in the schema {schema}" if schema not in (None, "main") else ""
    yield ok(
        "journal", f"{head.seq} entries{where}, the last at {found.written_at} by initdb {found.written_by}."
    )
    if found.application not in (None, found.journal.application):
        yield problem(
            "journal",
            f"The journal belongs to {found.application}; this application is {found.journal.application}.",
            f"If it is the same application: initdb status --application {found.application}",
        )
    if head.min_writer > WRITER or head.schema_version > SCHEMA_VERSION:
        yield problem(
            "versions",
            f"The journal is of a newer initdb, with version {head.schema_version} of its tables; this is"
            f" initdb {version}.",
            f"pip install 'initdb-journal>={found.written_by}'",
        )
    elif found.written_by and is_older(version, found.written_by):
        yield warning(
            "versions",
            f"The last entry was written by initdb {found.written_by}; this one is {version}.",
            f"pip install 'initdb-journal>={found.written_by}'",
        )
    elif head.schema_version < SCHEMA_VERSION:
        said = f"The journal's tables are of version {head.schema_version}: the next run brings them to"
        if owner:
            said = f"{said} {SCHEMA_VERSION}, which only {owner} can."
            yield problem("versions", said, f"Boot once as {owner}: initdb run --work-url DBURL")
        else:
            yield ok("versions", f"{said} {SCHEMA_VERSION}.")
    yield from (from_error("journal", fault) for fault in found.faults)
