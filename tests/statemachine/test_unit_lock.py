"""The lock on the head: what is read under it, and that it ends with its unit in every case."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, text

from initdb.events.clock import Clock
from initdb.events.database import database_of
from initdb.events.find import find
from initdb.events.head import HeadMoved
from initdb.events.sessions import session
from initdb.statemachine.decide.fold import fold
from initdb.statemachine.loop.writer import Writer
from tests.events.journals import append_committed, make, rollback


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """The session of the work."""
    make(engine)
    with session(engine) as opened:
        yield opened


@pytest.fixture
def writer(engine: Engine, connection: Connection) -> Writer:
    """A writer that knows the whole journal."""
    journal = find(connection, "application", None)[0]
    known = fold(journal.read(connection))
    rollback(connection)
    return Writer(journal, known, "run-1", {"pid": 1}, Clock(), lambda: True)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit, ValueError])
def test_nothing_stays_locked_whatever_ends_a_unit(
    writer: Writer, connection: Connection, engine: Engine, error: type[BaseException]
) -> None:
    """An exception that is no Exception ends it too. The session remains open for the last event."""
    with pytest.raises(error), writer.open(connection):
        connection.execute(text("CREATE TABLE effect (n integer)"))
        raise error
    append_committed(writer.journal, engine)
    assert not connection.dialect.has_table(connection, "effect")


def test_the_head_is_read_under_its_lock(
    writer: Writer, connection: Connection, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another process commits at the last moment is seen."""
    here = database_of(connection)
    real = here.begin

    def at_last(begun: Connection) -> None:
        monkeypatch.undo()
        append_committed(writer.journal, engine)
        real(begun)

    monkeypatch.setattr(here, "begin", at_last)
    with pytest.raises(HeadMoved):
        writer.begin(connection)
    assert writer.journal.head(connection).seq == 2
