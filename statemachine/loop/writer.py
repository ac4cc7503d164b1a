"""The unit of work: one transaction that locks the head, does a step's work, appends its event and
commits."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from initdb.errors import InitError
from initdb.errors.classify import is_connection_lost, is_lock_timeout, is_missing_table
from initdb.errors.own_statement import own_statement
from initdb.events.canonical import make_safe, timestamp
from initdb.events.clock import Clock
from initdb.events.database import database_of
from initdb.events.entry import Entry, Moment, write
from initdb.events.head import BatonLost, CommitInDoubt, ConnectionLost, Head, HeadBusy, HeadMoved, NoJournal
from initdb.events.journal import Journal
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.form import Payload
from initdb.events.process import only_in
from initdb.events.snapshot import is_due
from initdb.events.spool import Note
from initdb.events.statements import driver
from initdb.events.types import SPOOLED, UNSEEN
from initdb.events.undo import on_error
from initdb.events.upcast import CURRENT
from initdb.statemachine.decide.fold import snapshot_of, step
from initdb.statemachine.loop.signals import Stopper
from initdb.statemachine.loop.unit_errors import first_error
from initdb.statemachine.machine import turn
from initdb.statemachine.table import State

PATIENCE = 60.0
"""How long, in s, the head may be held by somebody else while we have the baton."""

SILENCE = 1.0
"""After how long, in s, it is said that the head is waited for."""


@dataclass(slots=True)
class Writer:
    """Writes the units of one run and keeps what is known after each; `steps.context.Unit` is its face to
    steps."""

    journal: Journal
    knowledge: Knowledge
    run: str
    by: Mapping[str, Any]
    clock: Clock
    alive: Callable[[], bool]
    notes: Callable[[], tuple[Note, ...]] = tuple
    observe: Callable[[Entry], None] = lambda entry: None
    lock_timeout: float | None = None
    patience: float = PATIENCE
    waits: Callable[[], None] = lambda: None
    stopper: Stopper = field(default_factory=Stopper)
    head: Head | None = None
    judging: Callable[[Connection, Payload], Payload] = lambda connection, event: event
    process: int = field(default_factory=os.getpid)

    def begin(self, connection: Connection) -> None:
        """Open a transaction and lock the head; what is read under the lock must be what was decided on.

        Raises HeadMoved, HeadBusy (after `patience` s, at most a minute), BatonLost, ConnectionLost,
        NoJournal, and InitError: "journal-newer" where an event or the state is of a newer initdb,
        "journal-tampered" where the head is not that of the last entry, so that looking again would not help.
        """
        only_in(self.process)
        self.stopper.check()
        self._refuse_newer()
        if not self.alive():
            raise BatonLost
        with lost(connection):
            self.stopper.watch(driver(connection))
            self.head = self._lock(connection)
            if (self.head.seq, self.head.hash) != (self.knowledge.seq, self.knowledge.hash):
                self._moved(connection, self.head)

    def _refuse_newer(self) -> None:
        known = self.knowledge
        if known.state not in State.__members__ or known.version > CURRENT:
            raise InitError("journal-newer", f"state '{known.state}', events of version {known.version}")

    def _moved(self, connection: Connection, head: Head) -> NoReturn:
        last = self.journal.last(connection)
        database_of(connection).rollback(connection)
        if last != (head.seq, head.hash):
            said = f"the head is at entry {head.seq}, the last entry is {last[0]}"
            raise InitError("journal-tampered", said, database=connection.dialect.name)
        raise HeadMoved

    def _lock(self, connection: Connection) -> Head:
        here, pause, begun = database_of(connection), 0.02, self.clock.monotonic()
        while True:
            try:
                with on_error(self.rollback, connection):
                    here.begin(connection)
                    return self.journal.lock_head(connection, self.lock_timeout)
            except HeadBusy as busy:
                # A dead holder's backend may keep the row for a second: no row is not an answer.
                self.stopper.check()
                waited = self.clock.monotonic() - begun
                if waited > min(PATIENCE, self.patience) or self.stopper.hurried() or not self.alive():
                    raise HeadBusy(waited=waited) from busy
                if waited > SILENCE:
                    self.waits()
                self.stopper.pause(pause)
                pause = min(pause * 1.5, 0.5)

    def commit(self, connection: Connection, *events: Payload) -> None:
        """Append the waiting notes and the events, and commit; knowledge moves when COMMIT was answered."""
        only_in(self.process)
        self.stopper.check()
        with lost(connection):
            judged = [self.judging(connection, event) for event in events]
            entries, known = self._entries([(event.type, event.data()) for event in judged])
            for entry in entries:
                self._append(connection, entry)
        try:
            until = self.clock.monotonic() + self.patience
            hurried = self.stopper.hurried
            database_of(connection).commit(connection, lambda: hurried() or self.clock.monotonic() > until)
        except Exception as error:
            if is_connection_lost(error):
                raise CommitInDoubt from error
            raise
        self.knowledge = known
        for entry in entries:
            if entry.type not in UNSEEN:
                self.observe(entry)

    def _append(self, connection: Connection, entry: Entry) -> None:
        with own_statement(connection.dialect.name, "append"):
            try:
                self.journal.append(connection, entry)
            except DBAPIError as error:
                if is_lock_timeout(error):
                    raise HeadBusy from error
                # The head was locked, so nobody else can have done it.
                if is_missing_table(error):
                    raise InitError("journal-dropped", database=connection.dialect.name) from error
                raise

    def _entries(self, events: Sequence[tuple[str, Mapping[str, Any]]]) -> tuple[list[Entry], Knowledge]:
        known, entries = self.knowledge, list[Entry]()
        told = [(note.type, _data(note)) for note in self._new_notes()]
        for kind, data in [*events[:1], *told, *events[1:]] if known.seq == 0 else [*told, *events]:
            entries.append(self._entry(known, kind, data))
            known = step(known, entries[-1])
            if is_due(kind, known.seq) and (snapshot := snapshot_of(known)):
                entries.append(self._entry(known, snapshot.type, snapshot.data()))
                known = step(known, entries[-1])
        return entries, known

    def _entry(self, known: Knowledge, kind: str, content: Mapping[str, Any]) -> Entry:
        # The guards read what is stored, so that a replay comes to the same.
        data = cast(dict[str, Any], make_safe(content))
        made = turn(known.state, kind, data)
        said = data.get("attempt")
        attempt = said if isinstance(said, int) else max(known.tries, 1)
        moment = Moment(self.run, timestamp(self.clock.now()), attempt, self.by)
        return write(known.seq, known.hash, moment, made, data)

    def _new_notes(self) -> tuple[Note, ...]:
        """What waits in the spool; a type that this version does not know waits for one that does."""
        return tuple(
            note for note in self.notes() if note.type in SPOOLED and note.id not in self.knowledge.notes
        )

    def rollback(self, connection: Connection) -> None:
        """Undo everything since begin; a connection that is gone has undone it already."""
        only_in(self.process)
        with contextlib.suppress(Exception):
            database_of(connection).rollback(connection)

    @contextlib.contextmanager
    def open(self, connection: Connection) -> Iterator[None]:
        """Begin; on an exception roll back. The body calls commit as its last act."""
        self.begin(connection)
        with on_error(self.rollback, connection), first_error(connection):
            yield


def _data(note: Note) -> dict[str, object]:
    """What the event of a note says. Which attempt a run is, is not a note's to say."""
    data = {key: value for key, value in note.data.items() if key != "attempt"}
    return {**data, "note": note.id, "noted_at": note.at}


@contextlib.contextmanager
def lost(connection: Connection) -> Iterator[None]:
    """Turn the many ways of saying that a connection is gone, or was gone before, into one signal."""
    try:
        yield
    except Exception as error:
        if is_connection_lost(error) or connection.invalidated:
            raise ConnectionLost from error
        if is_missing_table(error):
            raise NoJournal from error
        raise
