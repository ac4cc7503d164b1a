"""Compares checkpoints with a journal: was its end cut off, or its chain rebuilt, or a backup restored?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from initdb.events.checkpoint import Checkpoint
from initdb.events.entry import Entry
from initdb.events.payloads import payload_of
from initdb.events.payloads.notes import DatabaseRestored, HistoryRewound


@dataclass(frozen=True, slots=True)
class Rewind:
    """An entry that says that the journal went back.

    Attributes:
        seq: The number of that entry.
        at: Its time.
        kept: The number of the last entry that is as it was before.
        lost: The number of the last entry that was lost; None if later ones may have been lost too.
    """

    seq: int
    at: str
    kept: int
    lost: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a journal says now about the entries of checkpoints.

    Attributes:
        journal: Its id; "-" if it has none; None if its first entry cannot be read.
        last: The number of its last entry.
        hashes: The hashes of the entries that checkpoints name, by number.
        rewinds: Where it went back, in their order.
        archived: The number of the last entry that was archived.
    """

    journal: str | None
    last: int
    hashes: Mapping[int, str] = field(default_factory=dict)
    rewinds: tuple[Rewind, ...] = ()
    archived: int = 0


def rewinds_in(entries: Iterable[Entry]) -> tuple[Rewind, ...]:
    """Where a journal went back.

    Args:
        entries: Entries of the types `database_restored` and `history_rewound`; others are passed over.
    """
    found = []
    for entry in entries:
        match payload_of(entry.type, entry.data):
            case DatabaseRestored(was=was, is_=kept):
                found.append(Rewind(entry.seq, entry.at, kept, was))
            case HistoryRewound(is_=kept):
                # That process had seen `was`, but others may have written more before the journal went back.
                found.append(Rewind(entry.seq, entry.at, kept))
    return tuple(found)


def compared(point: Checkpoint, facts: Facts) -> str | None:
    """What is wrong with the journal, if the checkpoint is true. None if it agrees.

    Args:
        point: The checkpoint.
        facts: What the journal says.
    """
    if facts.journal is not None and point.journal != facts.journal:
        return (
            f"has a checkpoint of {point.at} of the journal {point.journal}; this is the journal"
            f" {facts.journal}: it was begun anew, or the checkpoint is of another database"
        )
    if point.seq <= facts.archived and point.seq not in facts.hashes:
        return f"is archived, and was not compared with the checkpoint of {point.at}: add --archive FILE"
    if point.seq > facts.last:
        said = f"is missing: the checkpoint of {point.at} has it, and the journal ends with {facts.last}"
    elif facts.hashes.get(point.seq) != point.hash:
        said = f"is not the entry of the checkpoint of {point.at}: the chain was built anew"
    else:
        return None
    rewind = _explaining(point, facts)
    if rewind is None:
        return f"{said}; not explained by the journal"
    kept = f"entry {rewind.seq}, which kept the entries up to {rewind.kept}"
    return f"{said}; consistent with a restore recorded at {kept}"


def _explaining(point: Checkpoint, facts: Facts) -> Rewind | None:
    """The first time after the checkpoint that the journal went back behind it."""
    for rewind in facts.rewinds:
        was_there = rewind.lost is None or point.seq <= rewind.lost
        if rewind.kept < point.seq and was_there and point.at <= rewind.at:
            return rewind
    return None
