"""Archives old entries of the journal: they are in a file on the disk before the table loses them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from initdb.errors import InitError
from initdb.events.archive import remove
from initdb.events.clock import Clock
from initdb.events.export import ExportFile, stored
from initdb.events.journal import Entries, Journal
from initdb.events.knowledge import Knowledge
from initdb.events.payloads import all_of
from initdb.events.payloads.notes import EntriesArchived, InventoryTaken
from initdb.settings import Settings
from initdb.statemachine.decide.archivable import first_that_stays
from initdb.statemachine.decide.audit import audit
from initdb.statemachine.decide.fold import known_without
from initdb.statemachine.exporting import refuse_own_file
from initdb.statemachine.noting import noted
from initdb.statemachine.site import journal_of


@dataclass(frozen=True, slots=True)
class Archived:
    """What was archived.

    Attributes:
        upto: The number of the last entry that was moved; the first one was the second.
        hash: Its hash.
        moved: How many entries were moved.
        written: How many entries the file has.
    """

    upto: int
    hash: str
    moved: int
    written: int


def archive(  # noqa: PLR0913, PLR0917 - what, where, how much, why
    engine: Engine, settings: Settings, file: Path, before: int | str, reason: str, clock: Clock | None = None
) -> Archived | None:
    """Write the journal to a file, and remove its old entries from the database, as one transaction.

    The first entry stays, and those from the last snapshot before a moment on. An event says what was moved,
    to which file, and why. Only the owner of the journal's tables can do it.

    Args:
        engine: The engine of the database.
        settings: They say who owns the journal, and in which schema it is.
        file: The file. One that has the beginning of the same journal gets what it lacks.
        before: The number of an entry, or a time in the form that entries have.
        reason: Why.
        clock: The time.

    Returns:
        None if no entry before that moment can be moved.

    Raises:
        InitError: "archive-refused", if the journal is not intact; "export-refused", if the file cannot be
            written, or has something else in it; "journal-not-owned"; and those of
            `initdb.statemachine.noting.noted`.
        JournalSignal: Another process wrote meanwhile.
    """
    inventory = list[int | None]()

    def known(entries: Entries) -> Knowledge:
        found = known_without(entries)[1]
        inventory.append(found.inventory)
        return found

    command = f"initdb journal archive FILE --before {before} --reason '…'"
    with noted(engine, settings, ("archive",), reason, clock, known=known, owned=command) as (work, commit):
        refuse_own_file(engine, settings, file)
        journal = journal_of(work, settings)[0]
        _refuse_damaged(work, journal)
        first = first_that_stays(Entries(journal, work), before)
        if first is None:
            return None
        with ExportFile(file) as export:
            written = moved = 0
            for row in export.written(stored(work, journal)):
                written, moved = written + 1, moved + (1 < row.seq < first.seq)
            digest = export.digest()
        listed = inventory[0] if inventory[0] and inventory[0] < first.seq else None
        last_inventory = journal.entry(work, listed) if listed else None
        begins = journal.hash_at(work, 1)
        remove(work, journal, first.seq - 1)
        upto, last = first.seq - 1, first.prev_hash
        commit(
            EntriesArchived(
                first=str(begins),
                upto=upto,
                hash=last,
                file=file.name,
                digest=digest,
                reason=reason,
            ),
            *all_of(InventoryTaken, (last_inventory,) if last_inventory else ()),
        )
    return Archived(upto, last, moved, written)


def _refuse_damaged(connection: Connection, journal: Journal) -> None:
    """Refuse to move what may have been changed: afterwards nobody could tell.

    Raises:
        InitError: "archive-refused".
    """
    findings = audit(connection, journal).findings
    if findings:
        said = (f"Entry {one.seq} {one.text}." for one in findings[:MOST])
        names = {"SEQ": str(findings[0].seq)}
        raise InitError("archive-refused", *said, database=connection.dialect.name, names=names)


MOST = 5
"""How many findings an error names."""
