"""A live walk through the machine and the replay of its journal give the same result."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from sqlalchemy import StaticPool, create_engine

from initdb.events.clock import Clock
from initdb.events.sessions import session
from initdb.events.verify import verify
from initdb.statemachine.decide.fold import fold
from initdb.statemachine.decide.machine_replay import replay
from initdb.statemachine.loop.writer import Writer
from initdb.statemachine.machine import NoRow
from tests.events.journals import make, rollback, stored
from tests.statemachine.walks import STEPS
from tests.support.examples import some
from tests.support.said import said


@some
@given(STEPS)
def test_a_live_walk_is_its_own_replay(steps: list[tuple[str, dict[str, Any]]]) -> None:
    """What a run knows at its end is what its journal says, and the journal is intact."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    journal = make(engine)
    with session(engine) as connection:
        known = fold(journal.read(connection))
        rollback(connection)
        writer = Writer(journal, known, "run-1", {"pid": 1}, Clock(), lambda: True)
        for event, data in steps:
            if event == "journal_created":  # it comes first alone
                continue
            try:
                with writer.open(connection):
                    writer.commit(connection, said(event, data))
            except NoRow:
                continue
        entries = list(journal.read(connection))
        assert fold(entries) == writer.knowledge
        assert list(replay(entries)) == []
        assert verify(stored(journal, connection), journal.head(connection)) == []
