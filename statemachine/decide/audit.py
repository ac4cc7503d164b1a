"""Audits a stored journal: chain, columns, head, guards, and every transition, replayed by the machine."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from initdb.errors import InitError
from initdb.errors.classify import is_missing_table
from initdb.events.database import database_of
from initdb.events.entry import COLUMNS, UNREADABLE, Entry, read
from initdb.events.facts import How
from initdb.events.find import find
from initdb.events.head import MIN_WRITER, SCHEMA_VERSION, Head, NoJournal
from initdb.events.journal import Journal
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.notes import EntrySetAside, JournalCreated, Snapshot
from initdb.events.shape import VERSION
from initdb.events.snapshot import FOLD
from initdb.events.upcast import CURRENT
from initdb.events.verify import Finding, Stored, verify
from initdb.statemachine.decide.fold import add, known_from, neutral, set_aside_by
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
        aside: The entries that a person has set aside, each with what is wrong with it and the reason. They
            are no findings.
    """

    entries: int
    hash: str | None
    findings: tuple[Finding, ...]
    aside: tuple[Finding, ...] = ()


def journal_to_audit(
    connection: Connection, application: str, wanted: str | None, trusted: Collection[str] = ()
) -> Journal | None:
    """Find the journal to audit. If the table of its head is missing, that is a finding, not an error.

    Args:
        connection: In a transaction that may read.
        application: The owner of the journal.
        wanted: The setting `journal_schema`.
        trusted: The roles that may own the journal.

    Returns:
        The journal; None if there is none.
    """
    journal, exists = find(connection, application, wanted, trusted)
    return journal if exists or _has_entries(connection, journal) else None


def audit(connection: Connection, journal: Journal, archived: Sequence[Stored] = ()) -> Audit:
    """Check everything that the journal says about itself.

    Args:
        connection: In a transaction that may read.
        journal: The journal.
        archived: The rows in its archive, in their order.

    Raises:
        InitError: Its tables cannot be read.
    """
    with journal.readable(connection):
        for _ in range(LOOKS):
            head = _head(connection, journal)
            rows = _stored(connection, journal)
            if _head(connection, journal) == head:  # otherwise an entry was appended in between
                break
    others = [Finding(row.seq, "is another one in the archive") for row in _differing(archived, rows)]
    last = archived[-1].seq if archived else 0
    rows = [*archived, *(row for row in rows if row.seq > last)]
    entries, aside = tuple(_entries(rows)), _aside(rows)
    findings = [
        *others,
        *verify(rows, head),
        *begins_once(entries),
        *replay(one for one in entries if one.seq not in aside),
        *compare_snapshots(entries),
        *_guards(connection, journal, head),
    ]
    findings.sort(key=lambda finding: finding.seq)
    return Audit(
        len(rows),
        rows[-1].hash if rows else None,
        tuple(one for one in findings if one.seq not in aside),
        tuple(
            Finding(seq, f"{said}; set aside: {reason}")
            for seq, reason in aside.items()
            for said in [one.text for one in findings if one.seq == seq] or ["is sound"]
        ),
    )


def _differing(archived: Iterable[Stored], rows: Iterable[Stored]) -> Iterator[Stored]:
    """The rows that are other ones in the archive."""
    kept = {row.seq: row for row in archived}
    return (row for row in rows if kept.get(row.seq, row) != row)


def _aside(rows: Iterable[Stored]) -> dict[int, str]:
    """Number → reason, of the entries that were set aside and have the hash that they had then."""
    hashes, found = dict[int, str](), dict[int, str]()
    for row, entry in ((row, read(row.seq, row.event, row.prev_hash, row.hash)) for row in rows):
        hashes[row.seq] = row.hash
        if (other := set_aside_by(entry)) is not None:
            said = EntrySetAside.read(entry.data)
            if hashes.get(other) == said.hash:
                found[other] = said.reason or "no reason was given"
    return found


def compare_snapshots(entries: Sequence[Entry]) -> Iterator[Finding]:
    """Find the snapshots that differ from a fold from the start. Pure.

    A snapshot that other rules than this version's have made is not compared. From the entry that sets
    another one aside, the fold goes on without that one.

    Args:
        entries: All entries, in their order.
    """
    gathering, aside = Gathering.of(Knowledge()), set[int]()
    for place, entry in enumerate(entries):
        add(gathering, entry)
        if (other := set_aside_by(entry)) is not None:
            aside.add(other)
            gathering = Gathering.of(Knowledge())
            for one in entries[: place + 1]:
                add(gathering, neutral(one) if one.seq in aside else one)
        if entry.type != Snapshot.type or Snapshot.read(entry.data).fold != FOLD:
            continue
        known = known_from(entry)
        if known is None or Gathering.of(known) != gathering:
            yield Finding(entry.seq, "is a snapshot, but not of what the entries before it say")


def begins_once(entries: Iterable[Entry]) -> Iterator[Finding]:
    """Find what stands in the place of the first entry, and a first entry in another place. Pure."""
    for entry in entries:
        if (entry.type == JournalCreated.type) != (entry.seq == 1):
            said = "is not what a journal begins with" if entry.seq == 1 else "begins another journal"
            yield Finding(entry.seq, said)


def replay(entries: Iterable[Entry]) -> Iterator[Finding]:
    """Find the entries whose state before or after differs from what the machine computes. Pure.

    Events of a newer version, or of a type or a state that this version does not know, are not compared.

    Args:
        entries: All entries, in their order.
    """
    state: str | None = None
    last = 0
    for entry in entries:
        if entry.seq > last + 1:
            state = None  # archived entries may have changed it
        last = entry.seq
        if entry.type == UNREADABLE:
            continue
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
    """The rows as entries; `verify` reports those that are no events."""
    for row in rows:
        if isinstance(row.event, str) and isinstance(row.prev_hash, str):
            yield read(row.seq, row.event, row.prev_hash, row.hash)


def _guards(connection: Connection, journal: Journal, head: Head | None) -> Iterator[Finding]:
    """What differs from the tables, keys, triggers, functions, rights and head values that initdb makes."""
    if head is None:
        return
    try:
        journal.check_version(connection)
    except InitError as error:
        yield Finding(0, f"{error.reference}: {' '.join(error.context)}")
    if head.schema_version <= SCHEMA_VERSION and head.min_writer != MIN_WRITER:
        yield Finding(0, f"the head says that writer {head.min_writer} is needed, and not {MIN_WRITER}")
    rows = journal.version_rows(connection)
    if head.schema_version > SCHEMA_VERSION and rows not in (None, (f"{head.schema_version:04d}",)):
        yield Finding(0, f"the head says version {head.schema_version}, init_journal_version does not")
    for one in journal.altered(connection):
        # `check_version` has named those that a statement makes.
        if one.fact.kind != "index" and (one.fact.of, one.how) != (VERSION, How.MISSING):
            yield Finding(0, f"{one}")
    owners = {fact.role for fact in database_of(connection).facts(connection, journal.schema) if fact.owned}
    if len(owners) > 1:
        yield Finding(0, f"its tables and functions belong to several roles: {', '.join(sorted(owners))}")
