"""Reads what the journal says: on from what was known before, from a snapshot, or from the beginning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from initdb.errors import InitError
from initdb.events.entry import UNREADABLE, Entry, is_sound
from initdb.events.head import Head, NoJournal
from initdb.events.journal import Journal
from initdb.events.knowledge import Knowledge
from initdb.statemachine.decide.fold import add, after_archived, known_from, neutral, set_aside_by
from initdb.statemachine.decide.gathering import Gathering
from initdb.statemachine.site import Site, journal_of
from initdb.statemachine.table import State


@dataclass(frozen=True, slots=True)
class JournalSeen:
    """A journal at one moment.

    Attributes:
        journal: The journal.
        head: Its head; None if it does not exist.
        known: What it says.
        unreadable: The entries since the last snapshot that are no events.
    """

    journal: Journal
    head: Head | None
    known: Knowledge
    unreadable: tuple[Entry, ...] = ()


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
    journal, exists = journal_of(connection, site.settings, site.tables)
    if not exists:
        return JournalSeen(journal, None, Knowledge())
    with journal.readable(connection):
        try:
            head = journal.head(connection)
            fresh = before is not None and 0 < before.seq <= head.seq
            kept = None if fresh else journal.snapshot(connection, head.seq)
            for start in filter(None, (before if fresh else None, known_from(kept), Knowledge())):
                folded = _read_on(connection, journal, head, start)
                if folded.sound:
                    break
            known, sound = folded.known, folded.sound
            sound = sound and (known.seq <= head.seq or known.seq <= journal.head(connection).seq)
        except NoJournal:
            raise _disjoint(connection, journal, "the row of init_journal_head is missing") from None
        if not sound:
            said = f"the head is entry {head.seq}, and the journal does not end there"
            raise _disjoint(connection, journal, said)
        _refuse_edited(connection, folded.edited)
    return JournalSeen(journal, head, known, folded.unreadable)


def _disjoint(connection: Connection, journal: Journal, said: str) -> InitError:
    """The error for a head and entries that do not belong together.

    Args:
        connection: In a transaction that may read.
        journal: The journal.
        said: What is wrong.
    """
    reference = "restore-unfinished" if journal.is_half_restored(connection) else "journal-tampered"
    return InitError(reference, said, database=connection.dialect.name)


@dataclass(frozen=True, slots=True)
class _Folded:
    """What is known after some entries.

    Attributes:
        known: What is known.
        sound: Whether they follow the start, and lead to the head.
        edited: The numbers of those whose text does not give their hash.
        unreadable: Those that are no events.
        aside: The numbers of those that a person has set aside.
    """

    known: Knowledge
    sound: bool
    edited: tuple[int, ...] = ()
    unreadable: tuple[Entry, ...] = ()
    aside: frozenset[int] = frozenset()


def _read_on(connection: Connection, journal: Journal, head: Head, start: Knowledge) -> _Folded:
    """Read the entries after a start. If one of them sets others aside, they are read again without those."""
    folded = _fold(journal.read(connection, start.seq), head, start)
    if folded.sound and folded.aside:
        if min(folded.aside) <= start.seq:
            return _Folded(start, sound=False)
        folded = _fold(journal.read(connection, start.seq), head, start, folded.aside)
    return folded


def _fold(
    entries: Iterable[Entry], head: Head, start: Knowledge, aside: frozenset[int] = frozenset()
) -> _Folded:
    """Fold entries, but for those that were set aside."""
    gathering = Gathering.of(start)
    sound = (start.seq, start.hash) == (head.seq, head.hash)
    edited, unreadable, set_aside = list[int](), list[Entry](), set[int]()
    for entry in entries:
        follows = (entry.seq, entry.prev_hash) == (gathering.seq + 1, gathering.hash)
        if not follows and after_archived(entry, gathering.seq) is None:
            return _Folded(start, sound=False)
        if entry.seq in aside:
            add(gathering, neutral(entry))
        else:
            add(gathering, entry)
            edited += [] if is_sound(entry) else [entry.seq]
            unreadable += [entry] if entry.type == UNREADABLE else []
        if (other := set_aside_by(entry)) is not None:
            set_aside.add(other)
        sound = sound or (entry.seq, entry.hash) == (head.seq, head.hash)
    return _Folded(gathering.frozen(), sound, tuple(edited), tuple(unreadable), frozenset(set_aside))


def _refuse_edited(connection: Connection, edited: tuple[int, ...]) -> None:
    """Refuse to work from what was edited since the database was ready.

    Raises:
        InitError: journal-tampered.
    """
    if edited:
        raise InitError(
            "journal-tampered",
            *(f"Entry {seq} was edited: its text does not give its hash." for seq in edited[:MOST]),
            fix="See what else was edited: initdb journal verify. Then restore the database from a backup"
            f" that verifies, or: initdb journal set-aside {edited[0]} --reason 'edited by hand'",
            database=connection.dialect.name,
            names={"SEQ": str(edited[0])},
        )


MOST = 5
"""How many edited entries an error names."""


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
