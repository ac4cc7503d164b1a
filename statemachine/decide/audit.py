"""Audits a stored journal: chain, columns, head, guards, and every transition, replayed by the machine."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from initdb.errors import InitError
from initdb.errors.classify import is_missing_table
from initdb.events.database import database_of
from initdb.events.entry import COLUMNS, read
from initdb.events.facts import How
from initdb.events.find import find
from initdb.events.head import MIN_WRITER, SCHEMA_VERSION, Head, NoJournal
from initdb.events.journal import ENTRY, Journal
from initdb.events.knowledge import Knowledge
from initdb.events.pages import pages
from initdb.events.payloads.notes import EntrySetAside
from initdb.events.shape import VERSION
from initdb.events.verify import Finding, Stored
from initdb.statemachine.decide.audit_pass import Pass, Setter, setter_of
from initdb.statemachine.decide.fold import known_from
from initdb.statemachine.decide.history import joined

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
        last: The number of the last entry.
        since: The number of the entry after which the entries begin; None if they are all there are.
    """

    entries: int
    hash: str | None
    findings: tuple[Finding, ...]
    aside: tuple[Finding, ...] = ()
    last: int = field(default=0, compare=False)
    since: int | None = None


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


def audit(
    connection: Connection, journal: Journal, archived: Iterable[Stored] = (), since: int | None = None
) -> Audit:
    """Check everything that the journal says about itself. Few of its entries are in memory at once.

    Args:
        connection: In a transaction that may read.
        journal: The journal.
        archived: The rows in its archive, in their order. They may be read twice.
        since: The number of an entry up to which the journal was intact, and whose hash is still the same.
            Then it begins at the last snapshot up to it, from which the chain has to lead to that entry. If
            there is none, or if an entry before it was set aside since, it begins at the first one.

    Raises:
        InitError: Its tables cannot be read.
    """
    with journal.readable(connection):
        start = known_from(journal.snapshot(connection, since)) if since else None
        assumed = tuple(_setters(connection, journal, start))
        while True:
            passed = Pass(assumed, start)
            head, others = _passed(connection, journal, () if start else archived, passed)
            said = tuple(passed.setters)
            if start is not None and any(one.seq <= start.seq for one in said):
                start, assumed = None, tuple(_setters(connection, journal, None))
            elif said == assumed:
                break
            else:
                assumed = said
    findings = [*others, *passed.findings(head), *_guards(connection, journal, head)]
    findings.sort(key=lambda finding: finding.seq)
    aside = passed.aside()
    return Audit(
        passed.entries,
        passed.hash if passed.seq else None,
        tuple(one for one in findings if one.seq not in aside),
        tuple(
            Finding(seq, f"{said}; set aside: {reason}")
            for seq, reason in aside.items()
            for said in [one.text for one in findings if one.seq == seq] or ["is sound"]
        ),
        passed.seq,
        start.seq if start else None,
    )


def _passed(
    connection: Connection, journal: Journal, archived: Iterable[Stored], passed: Pass
) -> tuple[Head | None, list[Finding]]:
    """Let all rows pass, also those that another process appends meanwhile.

    Returns:
        The head after them, and the rows that are other ones in the archive.
    """
    table, others = journal.table(connection, "init_journal"), list[Finding]()
    of_the_database = partial(pages, connection, table, COLUMNS)
    for number in range(LOOKS):
        head, rest = _head(connection, journal), of_the_database(passed.seq or None)
        rest = rest if number else joined(archived, rest, others)
        for page in rest:
            passed.take(page)
        if _head(connection, journal) == head:  # otherwise an entry was appended in between
            break
    return head, others


def _setters(connection: Connection, journal: Journal, start: Knowledge | None) -> Iterator[Setter]:
    """What the entries after a start say that set others aside, as far as the columns name them."""
    table, equals = journal.table(connection, "init_journal"), database_of(connection).equals
    rows = pages(
        connection,
        table,
        ENTRY,
        start.seq if start else None,
        where=f"type {equals} :type",
        values={"type": EntrySetAside.type},
    )
    for page in rows:
        yield from (said for row in page if (said := setter_of(read(*row))) is not None)


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
