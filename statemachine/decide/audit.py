"""The audit of a stored journal: chain, columns, head, guards, and every transition replayed through the
machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from initdb.errors import InitError
from initdb.errors.classify import is_missing_table
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
"""How often the journal is read again because somebody appends to it meanwhile."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found in a journal of `entries` entries, in their order; `hash` is that of the last one."""

    entries: int
    hash: str | None
    findings: tuple[Finding, ...]


def journal_to_audit(connection: Connection, application: str, wanted: str | None) -> Journal | None:
    """The journal, also where its head's table is gone: that is then a finding. None where there is none."""
    journal, exists = find(connection, application, wanted)
    return journal if exists or _has_entries(connection, journal) else None


def audit(connection: Connection, journal: Journal) -> Audit:
    """Look at everything the journal says of itself. Raises InitError where its tables cannot be read."""
    with journal.readable(connection):
        for _ in range(LOOKS):
            head = _head(connection, journal)
            rows = _stored(connection, journal)
            if _head(connection, journal) == head:  # else something was appended in between
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
    """The snapshots that are not what a fold from the start comes to. Pure.

    One that was made by other rules than this version's says nothing.
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
    """Where a stored source or destination is not what the machine makes of the event. Pure.

    Events of a type or a state that this version does not know, or of a newer version, are none.
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
    query = text(f"SELECT {', '.join(COLUMNS)} FROM {table} ORDER BY seq")  # noqa: S608 - our own names
    rows = [Stored(*row) for row in connection.execute(query)]
    if not all(isinstance(row.seq, int) for row in rows):
        raise InitError("journal-unreadable", "its entries are numbered by what are no numbers")
    return rows


def _has_entries(connection: Connection, journal: Journal) -> bool:
    schema = None if connection.dialect.name == "sqlite" else journal.schema
    return inspect(connection).has_table("init_journal", schema=schema)


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
    """The rows that are events; `verify` names the others."""
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
