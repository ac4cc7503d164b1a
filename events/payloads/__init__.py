"""What each type of event says: one class for each type, for those who write, fold and read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from initdb.events.entry import Entry
from initdb.events.payloads import notes, runs, work
from initdb.events.payloads.form import Payload

PAYLOADS: Mapping[str, type[Payload]] = {
    kind.type: kind
    for kind in (
        runs.RunStarted,
        runs.RunResumed,
        runs.RunContinued,
        runs.RunStopped,
        runs.StepFailed,
        runs.StepStarted,
        runs.StatementStarted,
        runs.Override,
        work.DatabaseInspected,
        work.SchemaCreated,
        work.SchemaAdopted,
        work.MigrationApplied,
        work.MigrationReverted,
        work.SeedBatchApplied,
        work.HealthValidated,
        work.DefectsFound,
        work.RepairApplied,
        notes.JournalCreated,
        notes.DatabaseCreated,
        notes.BackupMade,
        notes.DatabaseRestored,
        notes.JournalUpgraded,
        notes.RightsRevoked,
        notes.EntrySetAside,
        notes.EntriesArchived,
        notes.HoldReleased,
        notes.Outage,
        notes.HistoryRewound,
        notes.InventoryTaken,
        notes.Snapshot,
    )
}
"""Event type → its class. `baseline` and `checkpoint` have none, because no version writes them yet."""

P = TypeVar("P", bound=Payload)


def payload_of(type: str, data: Mapping[str, object]) -> Payload | None:
    """What a stored event says.

    Args:
        type: The type of the event.
        data: Its data.

    Returns:
        None if this version does not know the type.
    """
    kind = PAYLOADS.get(type)
    return kind.read(data) if kind else None


def all_of(kind: type[P], entries: Iterable[Entry]) -> Iterator[P]:
    """Read the entries of one type, and leave the others out.

    Args:
        kind: The class of that type.
        entries: Entries of any type.
    """
    return (kind.read(entry.data) for entry in entries if entry.type == kind.type)
