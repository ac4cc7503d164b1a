"""Carries out an order outside of a run: its change and its event are one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from sqlalchemy import Connection, Engine

from initdb.errors import InitError
from initdb.events.baton import try_baton
from initdb.events.clock import Clock
from initdb.events.database import database_of
from initdb.events.ids import time_ordered
from initdb.events.journal import Entries
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.form import Payload
from initdb.events.sessions import session
from initdb.settings import Settings
from initdb.settings.values import OrderName
from initdb.statemachine.author import in_database, this_process
from initdb.statemachine.decide.fold import known_without
from initdb.statemachine.loop.owned import refuse_others
from initdb.statemachine.loop.permission import permit
from initdb.statemachine.loop.writer import Writer
from initdb.statemachine.security import tell_entries
from initdb.statemachine.site import journal_of, owner_of


class Commit(Protocol):
    """Appends events, and commits."""

    def __call__(self, *events: Payload) -> None:
        """Append them in their order."""


@contextmanager
def noted(  # noqa: PLR0913 - what, why, who may, and in which place
    engine: Engine,
    settings: Settings,
    asks: Sequence[OrderName],
    why: str | None,
    clock: Clock | None = None,
    *,
    known: Callable[[Entries], Knowledge] = lambda entries: known_without(entries)[1],
    owned: str = "",
) -> Iterator[tuple[Connection, Commit]]:
    """Open a transaction for the change of an order, which ends with the event that says so.

    Args:
        engine: The engine of the database.
        settings: They say who may give orders, who owns the journal, and in which schema it is.
        asks: What is ordered.
        why: Why, in the person's words.
        clock: The time.
        known: Computes what is known from the entries; without what a person has set aside, if not given.
        owned: The command that only the owner of the journal may give; empty if others may too.

    Yields:
        A connection in a transaction that has locked the journal's head, and the function that appends
        events and commits. Without a call of it the change is rolled back.

    Raises:
        InitError: "order-refused"; "order-without-reason"; "journal-missing"; "another-process-at-work";
            "journal-not-owned"; or
            the journal cannot be read or written.
        JournalSignal: Another process wrote meanwhile.
    """
    clock = clock or Clock()
    database = engine.dialect.name
    with session(engine) as connection:
        journal, exists = journal_of(connection, settings)
        permit(asks, why, settings, connection)
        if not exists:
            raise InitError("journal-missing", database=database)
        if owned:
            refuse_others(engine, database_of(connection).parts(connection, journal.schema), owned)
    baton = try_baton(engine, journal)
    if baton is None:
        raise InitError("another-process-at-work", database=database)
    try:
        with session(engine) as work:
            journal = journal_of(work, settings)[0]
            writer = Writer(
                journal=journal,
                knowledge=known(Entries(journal, work)),
                run=time_ordered(clock.now()),
                by={**this_process(owner_of(settings)), **in_database(work, database)[1]},
                clock=clock,
                alive=baton.alive,
                observe=lambda entry: tell_entries((entry,), engine),
            )
            with writer.open(work):
                yield work, lambda *events: writer.commit(work, *events)
    finally:
        baton.release()
