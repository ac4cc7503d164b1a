"""Sets an entry of the journal aside: it stays where it is, and nothing follows from it any more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine

from initdb.errors import InitError
from initdb.events.baton import try_baton
from initdb.events.clock import Clock
from initdb.events.database import database_of
from initdb.events.entry import Entry
from initdb.events.ids import time_ordered
from initdb.events.journal import Journal
from initdb.events.payloads.notes import EntrySetAside
from initdb.events.sessions import session
from initdb.settings import Settings
from initdb.statemachine.author import in_database
from initdb.statemachine.decide.fold import known_without, set_aside_by
from initdb.statemachine.loop.permission import permit
from initdb.statemachine.loop.writer import Writer
from initdb.statemachine.security import tell_entries
from initdb.statemachine.site import journal_of


def set_aside(  # noqa: PLR0913, PLR0917 - what, why, and who in which place
    engine: Engine,
    settings: Settings,
    seq: int,
    reason: str,
    by: Mapping[str, Any],
    clock: Clock | None = None,
) -> Entry:
    """Append an event that sets an entry aside, and a snapshot of what is known without it.

    Only the owner of the journal's tables can do it.

    Args:
        engine: The engine of the database.
        settings: They say who owns the journal, and in which schema it is.
        seq: The number of the entry.
        reason: Why.
        by: This process, as events name it.
        clock: The time.

    Returns:
        The entry that was set aside.

    Raises:
        InitError: "journal-missing"; "set-aside-refused", if there is no such entry, or it cannot be set
            aside; "journal-not-owned"; "another-process-at-work"; "order-refused".
        JournalSignal: Another process wrote meanwhile.
    """
    clock = clock or Clock()
    with session(engine) as connection:
        journal, exists = journal_of(connection, settings)
        permit(("set-aside",), reason, settings, connection)
        if not exists:
            raise InitError("journal-missing", database=engine.dialect.name)
        _refuse_others(connection, journal)
    baton = try_baton(engine, journal)
    if baton is None:
        raise InitError("another-process-at-work", database=engine.dialect.name)
    try:
        with session(engine) as work:
            journal = journal_of(work, settings)[0]
            entry, known = known_without(journal.read(work), seq)
            refusal = _why_not(seq, entry)
            if entry is None or refusal:
                raise InitError("set-aside-refused", refusal, names={"SEQ": str(seq)})
            writer = Writer(
                journal=journal,
                knowledge=known,
                run=time_ordered(clock.now()),
                by={**by, **in_database(work, engine.dialect.name)[1]},
                clock=clock,
                alive=baton.alive,
                observe=lambda entry: tell_entries((entry,), engine),
            )
            with writer.open(work):
                writer.commit(work, EntrySetAside(seq=seq, hash=entry.hash, was=entry.type, reason=reason))
            return entry
    finally:
        baton.release()


def _why_not(seq: int, entry: Entry | None) -> str:
    """Why an entry cannot be set aside; empty if it can."""
    if entry is None:
        return f"There is no entry {seq}."
    if seq == 1:
        return "The first entry says whose journal it is."
    return f"Entry {seq} sets another one aside." if set_aside_by(entry) is not None else ""


def _refuse_others(connection: Connection, journal: Journal) -> None:
    theirs = [part for part in database_of(connection).parts(connection, journal.schema) if not part.ours]
    if theirs:
        raise InitError(
            "journal-not-owned",
            *(f"The {part.kind} {part.name} belongs to {part.owner}." for part in theirs),
            fix="Let its owner do it: initdb journal set-aside SEQ --reason TEXT --work-url DBURL",
            database="postgresql",
        )
