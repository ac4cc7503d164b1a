"""Sets an entry of the journal aside: it stays where it is, and nothing follows from it any more."""

from __future__ import annotations

from sqlalchemy import Engine

from initdb.errors import InitError
from initdb.events.clock import Clock
from initdb.events.entry import Entry
from initdb.events.journal import Entries
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.notes import EntrySetAside
from initdb.settings import Settings
from initdb.statemachine.decide.fold import known_without, set_aside_by
from initdb.statemachine.noting import noted


def set_aside(engine: Engine, settings: Settings, seq: int, reason: str, clock: Clock | None = None) -> Entry:
    """Append an event that sets an entry aside, and a snapshot of what is known without it.

    Only the owner of the journal's tables can do it.

    Args:
        engine: The engine of the database.
        settings: They say who owns the journal, and in which schema it is.
        seq: The number of the entry.
        reason: Why.
        clock: The time.

    Returns:
        The entry that was set aside.

    Raises:
        InitError: "set-aside-refused", if there is no such entry, or it cannot be set aside;
            "journal-not-owned"; and those of `initdb.statemachine.noting.noted`.
        JournalSignal: Another process wrote meanwhile.
    """
    found: list[Entry] = []

    def known(entries: Entries) -> Knowledge:
        entry, without = known_without(entries, seq)
        refusal = _why_not(seq, entry)
        if entry is None or refusal:
            raise InitError("set-aside-refused", refusal, names={"SEQ": str(seq)})
        found.append(entry)
        return without

    command = f"initdb journal set-aside {seq} --reason '…'"
    with noted(engine, settings, ("set-aside",), reason, clock, known=known, owned=command) as (_, commit):
        (entry,) = found
        commit(EntrySetAside(seq=seq, hash=entry.hash, was=entry.type, reason=reason))
    return entry


def _why_not(seq: int, entry: Entry | None) -> str:
    """Why an entry cannot be set aside; empty if it can."""
    if entry is None:
        return f"There is no entry {seq}."
    if seq == 1:
        return "The first entry says whose journal it is."
    return f"Entry {seq} sets another one aside." if set_aside_by(entry) is not None else ""
