"""The unit of work: changes and event commit together, once, from the head that was judged."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from initdb.errors import InitError
from initdb.events.clock import Clock
from initdb.events.entry import Entry
from initdb.events.head import BatonLost, CommitInDoubt, ConnectionLost, HeadBusy, HeadMoved, NoJournal
from initdb.events.journal import Journal
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.form import Payload
from initdb.events.payloads.runs import StepFailed
from initdb.events.sessions import session
from initdb.events.spool import Note
from initdb.events.upcast import CURRENT
from initdb.statemachine.decide.fold import fold
from initdb.statemachine.decide.machine_replay import replay
from initdb.statemachine.loop.signals import Stopped
from initdb.statemachine.loop.writer import Writer
from initdb.statemachine.machine import NoRow
from tests.events.journals import append_committed, begin, commit, make, rollback, schema_of
from tests.support.postgres_server import PostgresServer
from tests.support.said import said


def _writer(journal: Journal, knowledge: Knowledge, **values: Any) -> Writer:
    values = {"run": "run-1", "by": {"pid": 1}, "clock": Clock(), "alive": lambda: True, **values}
    return Writer(journal=journal, knowledge=knowledge, **values)


def _knowledge(journal: Journal, connection: Connection) -> Knowledge:
    known = fold(journal.read(connection))
    rollback(connection)
    return known


@pytest.fixture
def journal(engine: Engine) -> Journal:
    """A journal with one entry."""
    return make(engine)


@pytest.fixture
def connection(engine: Engine, journal: Journal) -> Iterator[Connection]:
    """The session of the work."""
    with session(engine) as opened:
        yield opened


@pytest.fixture
def writer(journal: Journal, connection: Connection) -> Writer:
    """A writer that knows the whole journal."""
    return _writer(journal, _knowledge(journal, connection))


def _has_table(connection: Connection, name: str) -> bool:
    found = connection.dialect.has_table(connection, name)
    rollback(connection)
    return found


def test_effect_and_event_commit_together(writer: Writer, connection: Connection, engine: Engine) -> None:
    """Another session sees both at once. What the writer knows is what a fold of the journal gives."""
    with writer.open(connection):
        connection.execute(text("CREATE TABLE effect (n integer)"))
        with session(engine) as other:
            assert not _has_table(other, "effect") and writer.journal.head(other).seq == 1
        writer.commit(connection, said("run_started", {"code": {"models": "a"}}))
    with session(engine) as other:
        assert _has_table(other, "effect")
        assert fold(writer.journal.read(other)) == writer.knowledge
    assert (writer.knowledge.seq, writer.knowledge.state) == (2, "unknown")


def test_a_step_that_fails_leaves_nothing(writer: Writer, connection: Connection) -> None:
    """Neither its work nor an event remains, and the same writer goes on."""
    before = writer.knowledge
    with pytest.raises(ValueError), writer.open(connection):
        connection.execute(text("CREATE TABLE effect (n integer)"))
        raise ValueError
    assert writer.knowledge is before and not _has_table(connection, "effect")
    with writer.open(connection):
        writer.commit(connection, said("run_started", {}))
    assert writer.knowledge.seq == 2


def test_an_event_without_a_row_rolls_its_work_back(writer: Writer, connection: Connection) -> None:
    """The machine refuses it before anything is appended."""
    with pytest.raises(NoRow), writer.open(connection):
        connection.execute(text("CREATE TABLE effect (n integer)"))
        writer.commit(connection, said("health_validated", {}))
    assert not _has_table(connection, "effect") and writer.journal.head(connection).seq == 1


def test_several_events_are_one_transaction(writer: Writer, connection: Connection) -> None:
    """Either all are committed or none."""
    begun = [said("run_started"), said("override", {"retry": ["r1"]})]
    with pytest.raises(NoRow), writer.open(connection):
        writer.commit(connection, *begun, said("schema_created"))
    assert writer.journal.head(connection).seq == 1
    rollback(connection)
    with writer.open(connection):
        writer.commit(connection, *begun)
    assert writer.knowledge.seq == 3 and writer.knowledge.retry == {"r1"}


def test_a_head_that_moved_is_noticed_before_any_work(
    writer: Writer, connection: Connection, engine: Engine
) -> None:
    """Another process did the work. No lock remains."""
    append_committed(writer.journal, engine)
    with pytest.raises(HeadMoved):
        writer.begin(connection)
    append_committed(writer.journal, engine)


def test_the_hash_of_the_head_counts_too(writer: Writer, connection: Connection) -> None:
    """A restored backup may have another entry with the same number."""
    writer.knowledge = replace(writer.knowledge, hash="f" * 64)
    with pytest.raises(HeadMoved):
        writer.begin(connection)


def test_a_head_that_is_not_the_last_entrys_is_an_error(writer: Writer, connection: Connection) -> None:
    """To look again would find the same every time."""
    begin(connection)
    _without_guards(connection, "UPDATE init_journal_head SET seq = 7")
    commit(connection)
    with pytest.raises(InitError) as error:
        writer.begin(connection)
    assert error.value.reference == "journal-tampered"
    assert error.value.context == ("the head is at entry 7, the last entry is 1",)


def _without_guards(connection: Connection, statement: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ALTER TABLE init_journal_head DISABLE TRIGGER USER")
    else:
        connection.exec_driver_sql("DROP TRIGGER init_journal_head_move")
    connection.exec_driver_sql(statement)


@pytest.mark.parametrize("newer", [{"version": CURRENT + 1}, {"state": "compressed"}])
def test_nothing_is_done_in_a_state_or_version_that_is_not_known(
    writer: Writer, connection: Connection, newer: dict[str, Any]
) -> None:
    """The journal is still read."""
    writer.knowledge = replace(writer.knowledge, **newer)
    with pytest.raises(InitError) as error:
        writer.begin(connection)
    assert error.value.reference == "journal-newer"


def test_without_the_baton_no_unit_begins(writer: Writer, connection: Connection, engine: Engine) -> None:
    """The baton is checked before each unit. The head is not locked."""
    writer.alive = lambda: False
    with pytest.raises(BatonLost):
        writer.begin(connection)
    append_committed(writer.journal, engine)


def test_a_busy_head_is_asked_for_again(writer: Writer, connection: Connection, engine: Engine) -> None:
    """The backend of a dead process may lock it for a second."""
    with session(engine) as other:
        begin(other)
        writer.journal.lock_head(other)
        timer = threading.Timer(0.1, rollback, (other,))
        timer.start()
        writer.begin(connection)
        timer.join()
    writer.commit(connection, said("run_started", {}))
    assert writer.knowledge.seq == 2


def test_a_head_that_stays_busy_is_given_up(
    writer: Writer, connection: Connection, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This happens after the limit, or as soon as the baton is lost."""
    monkeypatch.setattr("initdb.statemachine.loop.writer.PATIENCE", 0.05)
    with session(engine) as other:
        begin(other)
        writer.journal.lock_head(other)
        with pytest.raises(HeadBusy):
            writer.begin(connection)
        answers = iter([True, False])
        writer.alive = lambda: next(answers)
        monkeypatch.setattr("initdb.statemachine.loop.writer.PATIENCE", 60.0)
        with pytest.raises(HeadBusy):
            writer.begin(connection)


def test_no_journal_is_a_signal(engine: Engine) -> None:
    """A person dropped it, so the loop looks again."""
    journal = Journal(schema_of(engine), "shop")
    with session(engine) as connection, pytest.raises(NoJournal):
        _writer(journal, Knowledge()).begin(connection)


def test_a_stop_ends_a_unit_in_order(writer: Writer, connection: Connection) -> None:
    """It ends before its work, or before its COMMIT."""
    writer.stopper.stop(15)
    with pytest.raises(Stopped):
        writer.begin(connection)
    writer.stopper.signum = None
    with pytest.raises(Stopped), writer.open(connection):
        connection.execute(text("CREATE TABLE effect (n integer)"))
        writer.stopper.stop(15)
        writer.commit(connection, said("run_started", {}))
    assert not _has_table(connection, "effect") and writer.journal.head(connection).seq == 1


def _note(id_: str, type_: str = "outage", **data: Any) -> Note:
    return Note(id_, type_, "2026-01-01T00:00:00.000000Z", data)


def test_waiting_notes_enter_with_the_next_event(writer: Writer, connection: Connection) -> None:
    """They come before it, each once, however often they are offered. They say when they happened."""
    writer.notes = lambda: (_note("a", count=3), _note("b", "history_rewound"))
    seen: list[Entry] = []
    writer.observe = seen.append
    for _ in range(2):
        with writer.open(connection):
            writer.commit(connection, said("run_started", {}))
    assert [entry.type for entry in seen] == ["outage", "history_rewound", "run_started", "run_started"]
    assert seen[0].data == {"count": 3, "note": "a", "noted_at": "2026-01-01T00:00:00.000000Z"}
    assert writer.knowledge.notes == {"a", "b"}


@pytest.mark.parametrize(
    "note",
    [
        _note("a", "invented_later"),
        _note("a", "health_validated"),
        _note("a", "run_started"),
        _note("a", attempt="many", note=5, clock={}),
    ],
)
def test_no_note_stops_a_boot(writer: Writer, connection: Connection, note: Note) -> None:
    """The spool may have notes of a newer version, a transition, or nonsense."""
    writer.notes = lambda: (note,)
    with writer.open(connection):
        writer.commit(connection, said("run_started", {}))
    assert writer.knowledge.state == "unknown"
    assert ("a" in writer.knowledge.notes) == (note.type == "outage")


def test_the_first_event_of_all_stays_the_first(engine: Engine) -> None:
    """Notes that waited for the first boot come after journal_created."""
    journal = Journal(schema_of(engine), "shop")
    writer = _writer(journal, Knowledge(), notes=lambda: (_note("a"),))
    with session(engine) as connection:
        begin(connection)
        journal.create(connection)
        writer.commit(connection, said("journal_created", {"application": "shop"}), said("run_started"))
        types = [entry.type for entry in journal.read(connection)]
    assert types == ["journal_created", "outage", "run_started"]


def test_what_code_concludes_carries_its_fingerprint(writer: Writer, connection: Connection) -> None:
    """The catalogue's hash is in it too, from the same transaction."""
    asked: list[tuple[Connection, str]] = []

    def judging(connection: Connection, event: Payload) -> Payload:
        asked.append((connection, event.type))
        if not isinstance(event, StepFailed):
            return event
        return replace(event, code={"models": "a"}, catalog="c1", clock=5.0)

    writer.judging = judging
    for event in (said("run_started"), StepFailed(step="inspect", error={})):
        with writer.open(connection):
            writer.commit(connection, event)
    assert asked == [(connection, "run_started"), (connection, "step_failed")]
    assert (writer.knowledge.catalog, writer.knowledge.judgements[0].code) == ("c1", {"models": "a"})


def test_an_event_names_the_attempt(writer: Writer, connection: Connection) -> None:
    """It counts the runs of this code without progress."""
    seen: list[Entry] = []
    writer.observe = seen.append
    for _ in range(3):
        for event in ("run_started", "step_failed"):
            with writer.open(connection):
                told = {"code": {}, "attempt": 9} if event == "run_started" else {}
                writer.commit(connection, said(event, told))
    assert [entry.attempt for entry in seen] == [9, 1, 9, 2, 9, 3]


def test_an_observer_hears_of_what_was_committed(
    writer: Writer, connection: Connection, engine: Engine
) -> None:
    """It is called after the COMMIT."""
    found: list[int] = []

    def observe(entry: Entry) -> None:
        with session(engine) as other:
            found.append(writer.journal.head(other).seq)

    writer.observe = observe
    with writer.open(connection):
        writer.commit(connection, said("run_started"), said("override"))
    assert found == [3, 3]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("when", ["before the work", "in the work", "before the append"])
def test_a_lost_connection_is_one_signal(
    server: PostgresServer, writer: Writer, connection: Connection, engine: Engine, when: str
) -> None:
    """Nothing of the unit remains, and the head is free within a second."""
    pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
    rollback(connection)

    def cut(now: str) -> None:
        if now == when:
            server.admin_execute(f"SELECT pg_terminate_backend({pid}, 5000)")

    cut("before the work")
    with pytest.raises(ConnectionLost), writer.open(connection):
        connection.exec_driver_sql("CREATE TABLE effect (n integer)")
        cut("in the work")
        # A step may well go on after an error that it caught.
        with contextlib.suppress(DBAPIError):
            connection.exec_driver_sql("INSERT INTO effect VALUES (1)")
        cut("before the append")
        writer.commit(connection, said("run_started", {}))
    with pytest.raises(ConnectionLost):
        writer.begin(connection)
    with session(engine) as other:
        assert not _has_table(other, "effect")
        begin(other)
        assert writer.journal.lock_head(other).seq == 1


class _Cut:
    """Cuts the connection at COMMIT, before or after the server gets it. The client sees no difference."""

    def __init__(self, server: PostgresServer, connection: Connection, arrives: bool) -> None:
        self._server, self._arrives = server, arrives
        self._commit = connection.dialect.do_commit
        vars(connection.dialect)["do_commit"] = self

    def __call__(self, dbapi: Any) -> None:
        pid = dbapi.info.backend_pid
        if self._arrives:
            self._commit(dbapi)
        self._server.admin_execute(f"SELECT pg_terminate_backend({pid}, 5000)")
        dbapi.cursor().execute("COMMIT")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("arrives", [False, True])
def test_a_commit_without_an_answer_is_settled_under_the_lock(
    server: PostgresServer, writer: Writer, connection: Connection, engine: Engine, arrives: bool
) -> None:
    """It is in doubt until then. The head has moved, or it has not."""
    before = writer.knowledge
    _Cut(server, connection, arrives)
    with pytest.raises(CommitInDoubt), writer.open(connection):
        connection.exec_driver_sql("CREATE TABLE effect (n integer)")
        writer.commit(connection, said("run_started", {}))
    assert writer.knowledge is before
    again = create_engine(engine.url)
    with session(again) as other:
        assert _has_table(other, "effect") is arrives
        next_writer = _writer(writer.journal, before)
        if arrives:
            with pytest.raises(HeadMoved):
                next_writer.begin(other)
        else:
            next_writer.begin(other)
            rollback(other)


def test_the_guards_read_what_is_stored(writer: Writer, connection: Connection) -> None:
    """A generator, a set and a number without truth are the same live and in a replay."""
    with writer.open(connection):
        writer.commit(connection, said("run_started", {}))
    with writer.open(connection):
        found = {"pending": iter(()), "seeds_pending": frozenset(), "rows": {"r1": 1}.keys()}
        writer.commit(connection, said("database_inspected", {**found, "managed": True, "tables": {"t"}}))
    assert writer.knowledge.state == "unproven"
    assert list(replay(writer.journal.read(connection))) == []
