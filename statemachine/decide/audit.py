"""Audits a stored journal: chain, columns, head, guards, and every transition, replayed by the machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from initdb.errors import InitError
from initdb.errors.classify import is_missing_table
from initdb.events.database import database_of
from initdb.events.entry import COLUMNS, Entry, parse
from initdb.events.head import Head, NoJournal
from initdb.events.journal import Journal, find
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.notes import Snapshot
from initdb.events.snapshot import FOLD
from initdb.events.upcast import CURRENT
from initdb.events.verify import Finding, Stored, verify
from initdb.statemachine.decide.fold import add, known_from
from initdb.statemachine.decide.gathering import Gathering
from initdb.statemachine.machine import NoRow, turn
from initdb.statemachine.table import TRIGGERS, State

LOOKS = 20
"""How often the journal is read again if another process appends to it meanwhile."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found in a journal.

    Attributes:
        entries: How many entries it has.
        hash: The hash of the last entry.
        findings: In the order of the entries.
    """

    entries: int
    hash: str | None
    findings: tuple[Finding, ...]


def journal_to_audit(connection: Connection, application: str, wanted: str | None) -> Journal | None:
    """Find the journal to audit. If the table of its head is missing, that is a finding, not an error.

    Args:
        connection: In a transaction that may read.
        application: The owner of the journal.
        wanted: The setting `journal_schema`.

    Returns:
        The journal; None if there is none.
    """
    journal, exists = find(connection, application, wanted)
    return journal if exists or _has_entries(connection, journal) else None


def audit(connection: Connection, journal: Journal) -> Audit:
    """Check everything that the journal says about itself.

    Args:
        connection: In a transaction that may read.
        journal: The journal.

    Raises:
        InitError: Its tables cannot be read.
    """
    with journal.readable(connection):
        for _ in range(LOOKS):
            head = _head(connection, journal)
            rows = _stored(connection, journal)
            if _head(connection, journal) == head:  # otherwise an entry was appended in between
                break
    findings = [
        *verify(rows, head),
        *replay(_entries(rows)),
        *compare_snapshots(_entries(rows)),
        *_guards(connection, journal, head),
    ]
    last = rows[-1].hash if rows else None
    return Audit(len(rows), last, tuple(sorted(findings, key=lambda finding: finding.seq)))


def compare_snapshots(entries: Iterable[Entry]) -> Iterator[Finding]:
    """Find the snapshots that differ from a fold from the start. Pure.

    A snapshot that other rules than this version's have made is not compared.

    Args:
        entries: All entries, in their order.
    """
    gathering = Gathering.of(Knowledge())
    for entry in entries:
        add(gathering, entry)
        if entry.type != Snapshot.type or Snapshot.read(entry.data).fold != FOLD:
            continue
        known = known_from(entry)
        if known is None or Gathering.of(known) != gathering:
            yield Finding(entry.seq, "is a snapshot, but not of what the entries before it say")


def replay(entries: Iterable[Entry]) -> Iterator[Finding]:
    """Find the entries whose state before or after differs from what the machine computes. Pure.

    Events of a newer version, or of a type or a state that this version does not know, are not compared.

    Args:
        entries: All entries, in their order.
    """
    state: str | None = None
    for entry in entries:
        known = {entry.source, entry.dest} <= set(State.__members__) and entry.type in TRIGGERS
        if state is not None and entry.source != state:
            yield Finding(
                entry.seq, f"begins in state {entry.source}, but the entry before it led to {state}"
            )
        state = entry.dest
        if known and entry.v <= CURRENT:
            yield from _replayed(entry)


def _replayed(entry: Entry) -> Iterator[Finding]:
    try:
        made = turn(entry.source, entry.type, entry.data)
    except NoRow as error:
        yield Finding(entry.seq, f"is no transition of the table: {error}")
        return
    if made.dest != entry.dest:
        yield Finding(entry.seq, f"says that it led to {entry.dest}, but its data leads to {made.dest}")


def _stored(connection: Connection, journal: Journal) -> list[Stored]:
    table = journal.table(connection, "init_journal")
    query = text(f"SELECT {', '.join(COLUMNS)} FROM {table} ORDER BY seq")  # noqa: S608 - initdb's own names
    rows = [Stored(*row) for row in connection.execute(query)]
    if not all(isinstance(row.seq, int) for row in rows):
        raise InitError("journal-unreadable", "its entries are numbered by what are no numbers")
    return rows


def _has_entries(connection: Connection, journal: Journal) -> bool:
    return "init_journal" in database_of(connection).relations(connection, journal.schema)


def _head(connection: Connection, journal: Journal) -> Head | None:
    try:
        with connection.begin_nested():
            return journal.head(connection)
    except NoJournal:
        return None
    except DBAPIError as error:
        if is_missing_table(error):
            return None
        raise


def _entries(rows: Iterable[Stored]) -> Iterator[Entry]:
    """The rows that are events; `verify` reports the others."""
    for row in rows:
        try:
            yield parse(row.seq, row.event, row.prev_hash, row.hash)
        except (ValueError, TypeError):
            continue


def _guards(connection: Connection, journal: Journal, head: Head | None) -> Iterator[Finding]:
    try:
        journal.check_guards(connection)
    except InitError as error:
        yield Finding(0, f"the triggers that guard the journal are missing: {', '.join(error.context)}")
    try:
        if head is not None:
            journal.check_version(connection)
    except InitError as error:
        yield Finding(0, f"{error.reference}: {' '.join(error.context)}")
