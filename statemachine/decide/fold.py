"""The fold: from entries of the journal to knowledge. It is pure, deterministic, and works on any prefix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Protocol

from initdb.events import snapshot
from initdb.events.canonical import make_safe
from initdb.events.entry import UNREADABLE, Entry
from initdb.events.knowledge import Knowledge
from initdb.events.payloads import payload_of
from initdb.events.payloads.notes import EntrySetAside, Snapshot
from initdb.events.types import UNSEEN
from initdb.statemachine.decide.gathering import FOLDERS, Gathering


class Again(Protocol):
    """Entries in their order, over which one can iterate more than once: a list, or `journal.Entries`."""

    def __iter__(self) -> Iterator[Entry]:
        """Iterate over them."""


def fold(entries: Iterable[Entry], knowledge: Knowledge | None = None) -> Knowledge:
    """Compute knowledge from entries, in time linear in their number.

    Args:
        entries: In their order.
        knowledge: What was known before them.
    """
    gathering = Gathering.of(knowledge or Knowledge())
    for entry in entries:
        add(gathering, entry)
    return gathering.frozen()


def set_aside_by(entry: Entry) -> int | None:
    """The number of the entry that an entry sets aside; None if it sets none aside.

    The first one cannot be set aside: it says whose journal it is.
    """
    said = EntrySetAside.read(entry.data).seq if entry.type == EntrySetAside.type else 0
    return said if 1 < said < entry.seq else None


def neutral(entry: Entry) -> Entry:
    """An entry that was set aside, for a fold: nothing follows from it."""
    return replace(entry, type=UNREADABLE, source="", dest="", data={"why": "it was set aside"}, v=1)


def known_without(entries: Again, seq: int = 0) -> tuple[Entry | None, Knowledge]:
    """What is known if an entry, and all that were set aside before, are left out. Pure.

    Args:
        entries: All entries, in their order. They are iterated over twice.
        seq: The number of the entry; 0 for none.

    Returns:
        The entry, None if there is none of this number; and what is known.
    """
    aside = {seq, *(other for one in entries if (other := set_aside_by(one)) is not None)}
    gathering, found = Gathering.of(Knowledge()), None
    for one in entries:
        add(gathering, neutral(one) if one.seq in aside else one)
        found = one if one.seq == seq else found
    return found, gathering.frozen()


def step(known: Knowledge, entry: Entry) -> Knowledge:
    """What is known after one more entry."""
    return fold((entry,), known)


def known_from(entry: Entry | None) -> Knowledge | None:
    """What was known at a snapshot; None if other rules have made it, or if it cannot be read."""
    if entry is None or entry.type != Snapshot.type:
        return None
    said = Snapshot.read(entry.data)
    return snapshot.restored(said.knowledge, entry.seq, entry.hash) if said.fold == snapshot.FOLD else None


def after_archived(entry: Entry, last: int) -> Knowledge | None:
    """What was known at an entry that stands for archived ones; None if it does not.

    The first entry is never archived, and the next one that stays is a snapshot. So reading can begin there,
    whichever rules made it: `snapshot.READABLE` names them.

    Args:
        entry: The entry.
        last: The number of the entry before it.
    """
    if last != 1 or entry.seq <= last + 1 or entry.type != Snapshot.type:
        return None
    said = Snapshot.read(entry.data)
    if said.fold not in snapshot.READABLE:
        return None
    return snapshot.restored(said.knowledge, entry.seq, entry.hash)


def snapshot_of(known: Knowledge) -> Snapshot | None:
    """What is known, as an event from which later readings begin; None if JSON cannot hold all of it."""
    said = make_safe(snapshot.stored(known))
    if not isinstance(said, dict) or snapshot.restored(said, known.seq, known.hash) != known:
        return None
    return Snapshot(fold=snapshot.FOLD, knowledge=said)


def add(known: Gathering, entry: Entry) -> None:
    """Add one entry to what is known.

    The stored destination is trusted. An entry of a type that this version does not know, or that is no
    event, moves only the head. A snapshot that follows archived entries stands for them.

    Args:
        known: What is known, which is changed.
        entry: The next entry.
    """
    if (base := after_archived(entry, known.seq)) is not None:
        known.become(base)
        return
    known.seq, known.hash = entry.seq, entry.hash
    if entry.type == UNREADABLE:
        return
    known.state = entry.dest or known.state
    known.version = max(known.version, entry.v)
    if entry.type not in UNSEEN:
        known.last_type, known.last_at, known.last_data = entry.type, entry.at, entry.data
    note = entry.data.get("note")
    if isinstance(note, str):
        known.notes.add(note)
    folder = FOLDERS.get(entry.type)
    payload = payload_of(entry.type, entry.data) if folder else None
    if folder and payload:
        folder(known, entry, payload)
