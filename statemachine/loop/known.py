"""Reads what the journal says: on from what was known before, from a snapshot, or from the beginning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from initdb.errors import InitError
from initdb.events.entry import Entry
from initdb.events.head import Head, NoJournal
from initdb.events.journal import Journal, find
from initdb.events.knowledge import Knowledge
from initdb.statemachine.decide.fold import add, known_from
from initdb.statemachine.decide.gathering import Gathering
from initdb.statemachine.site import Site
from initdb.statemachine.table import State


@dataclass(frozen=True, slots=True)
class JournalSeen:
    """A journal at one moment.

    Attributes:
        journal: The journal.
        head: Its head; None if it does not exist.
        known: What it says.
    """

    journal: Journal
    head: Head | None
    known: Knowledge


def read_journal(connection: Connection, site: Site, before: Knowledge | None) -> JournalSeen:
    """Find the journal of a place, read it, and fold it.

    The head is read first, so that an entry appended since does not look like an end that was cut off. If one
    was appended, the head is read once more.

    Args:
        connection: In a transaction that may read.
        site: The place.
        before: What was known before; then only newer entries are read, if they follow it.

    Raises:
        InitError: journal-elsewhere, journal-unreadable; journal-tampered, if the head is missing or the
            entries do not lead to it; restore-unfinished; journal-of-another-application, journal-newer.
    """
    journal, exists = find(connection, site.owner, site.settings.journal_schema)
    if not exists:
        return JournalSeen(journal, None, Knowledge())
    with journal.readable(connection):
        try:
            head = journal.head(connection)
            fresh = before is not None and 0 < before.seq <= head.seq
            kept = None if fresh else journal.snapshot(connection, head.seq)
            for start in filter(None, (before if fresh else known_from(kept), Knowledge())):
                entries = journal.read(connection, start.seq)
                known, sound = _fold(entries, head, start)
                if sound:
                    break
            sound = sound and (known.seq <= head.seq or known.seq <= journal.head(connection).seq)
        except NoJournal:
            raise _disjoint(connection, journal, "the row of init_journal_head is missing") from None
        if not sound:
            said = f"the head is entry {head.seq}, and the journal does not end there"
            raise _disjoint(connection, journal, said)
    return JournalSeen(journal, head, known)


def _disjoint(connection: Connection, journal: Journal, said: str) -> InitError:
    """The error for a head and entries that do not belong together.

    Args:
        connection: In a transaction that may read.
        journal: The journal.
        said: What is wrong.
    """
    reference = "restore-unfinished" if journal.is_half_restored(connection) else "journal-tampered"
    return InitError(reference, said, database=connection.dialect.name)


def _fold(entries: Iterable[Entry], head: Head, start: Knowledge) -> tuple[Knowledge, bool]:
    """What is known after the entries, and whether they follow the start and lead to the head."""
    gathering = Gathering.of(start)
    sound = (start.seq, start.hash) == (head.seq, head.hash)
    for entry in entries:
        if (entry.seq, entry.prev_hash) != (gathering.seq + 1, gathering.hash):
            return start, False
        add(gathering, entry)
        sound = sound or (entry.seq, entry.hash) == (head.seq, head.hash)
    return gathering.frozen(), sound


def refuse_foreign(known: Knowledge, owner: str) -> None:
    """Refuse a journal that this code must not work with.

    Args:
        known: What the journal says.
        owner: Whose journal it has to be.

    Raises:
        InitError: journal-of-another-application, journal-newer.
    """
    if known.application is not None and known.application != owner:
        raise InitError(
            "journal-of-another-application", f"it belongs to '{known.application}', this is '{owner}'"
        )
    if known.state not in State.__members__:
        raise InitError("journal-newer", f"its state '{known.state}' is not known to this version")
