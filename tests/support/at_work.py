"""What a step is given: the writer of runs, on a journal in the state in which the step works."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine

from initdb.events.clock import Clock
from initdb.events.database import database_of
from initdb.events.entry import Entry
from initdb.events.find import find
from initdb.events.journal import Journal
from initdb.events.knowledge import Knowledge
from initdb.events.sessions import session
from initdb.events.spool import Note
from initdb.settings import Settings
from initdb.statemachine.decide.fold import fold
from initdb.statemachine.loop.writer import Writer
from initdb.steps.context import Application, Progress, StepContext
from tests.events.journals import APPLICATION, make
from tests.support.said import said

Events = list[tuple[str, Mapping[str, Any]]]
"""Type and data of each."""


@contextmanager
def at_work(
    engine: Engine,
    state: str,
    application: Application,
    *,
    settings: Settings | None = None,
    adopted: bool = False,
    seeded: Mapping[str, object] | None = None,
    before_commit: Callable[[], None] = lambda: None,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Iterator[tuple[StepContext, Events]]:
    """A context for a step that works in `state`, and the events that are appended from now on.

    adopted: whether other tools made the database. seeded: what an event `seed_batch_applied` said before.
    before_commit: called in each unit, when its work is done and nothing is appended yet.
    """
    journal = journal_of(engine)
    events: Events = []
    with session(engine) as connection:
        known = _known(journal, connection)
        writer = Writer(journal, known, run="run-1", by={"pid": 1}, clock=Clock(), alive=lambda: True)
        _lead(writer, connection, state, adopted, seeded)
        writer.observe = lambda entry: events.append((entry.type, entry.data))
        writer.notes = _hook(before_commit)
        context = StepContext(
            work=connection,
            unit=writer,
            application=application,
            settings=settings or Settings(),
            knowledge=writer.knowledge,
            engine=engine,
            report=report,
        )
        yield context, events


def journal_of(engine: Engine) -> Journal:
    """The database's journal, made where there is none."""
    with session(engine) as connection:
        journal, there = find(connection, APPLICATION, None)
    return journal if there else make(engine)


def entries_of(engine: Engine, kind: str) -> list[Entry]:
    """The journal's entries of one type, in their order."""
    journal = journal_of(engine)
    with session(engine) as connection:
        return [entry for entry in journal.read(connection) if entry.type == kind]


def knowledge_of(engine: Engine) -> Knowledge:
    """What the journal says."""
    journal = journal_of(engine)
    with session(engine) as connection:
        return _known(journal, connection)


def _known(journal: Journal, connection: Connection) -> Knowledge:
    known = fold(journal.read(connection))
    database_of(connection).rollback(connection)
    return known


def _hook(before_commit: Callable[[], None]) -> Callable[[], tuple[Note, ...]]:
    """A unit asks for waiting notes when its work is done, and before it appends."""

    def notes() -> tuple[Note, ...]:
        before_commit()
        return ()

    return notes


def _lead(
    writer: Writer, connection: Connection, state: str, adopted: bool, seeded: Mapping[str, object] | None
) -> None:
    """Append what a run would append that finds the database in `state`, unless it is there."""
    if writer.knowledge.state == state:
        return
    found: dict[str, Any] = {"tables": ["one"], "managed": True, "rows": ["r1"] if adopted else []}
    found["seeds_pending"] = ["one"] if seeded or state == "unseeded" else []
    events: list[tuple[str, dict[str, Any]]] = [("run_started", {}), ("database_inspected", found)]
    if seeded:
        events.append(("seed_batch_applied", {**seeded, "seeds_pending": []}))
    if state == "defective":
        events.append(("defects_found", {"issues": [{"kind": "missing-table"}]}))
    with writer.open(connection):
        writer.commit(connection, *(said(kind, data) for kind, data in events))
    assert writer.knowledge.state == state
