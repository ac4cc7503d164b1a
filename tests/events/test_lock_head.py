"""One transaction at a time locks the head. Any other is told at once that it cannot."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, create_engine, make_url

from initdb.errors import InitError
from initdb.events.database import database_of
from initdb.events.head import SCHEMA_VERSION, WRITER, HeadBusy, NoJournal
from initdb.events.journal import Journal
from initdb.events.sessions import session
from tests.events.journals import append, append_committed, begin, commit, make, rollback, schema_of
from tests.support.postgres_server import PostgresServer

PATIENCE = 0.5
"""What is answered within this time, in s, has not waited: SQLite's own patience is 5 s."""


@pytest.fixture
def journal(engine: Engine) -> Journal:
    """A journal with one entry."""
    return make(engine)


@pytest.fixture
def first(engine: Engine, journal: Journal) -> Iterator[Connection]:
    """One session."""
    with session(engine) as connection:
        yield connection


@pytest.fixture
def second(engine: Engine, journal: Journal) -> Iterator[Connection]:
    """Another session, as of another process."""
    with session(engine) as connection:
        yield connection


def _busy(journal: Journal, connection: Connection) -> bool:
    """Whether another transaction has locked the head. The answer must come at once."""
    begun = time.monotonic()
    try:
        begin(connection)
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL statement_timeout = '5s'")
        journal.lock_head(connection)
    except HeadBusy:
        return True
    finally:
        rollback(connection)
        assert time.monotonic() - begun < PATIENCE
    return False


def test_the_head_is_what_was_appended_last(journal: Journal, first: Connection) -> None:
    """It has the number and hash of the last entry, the versions, and the database's time."""
    begin(first)
    head = journal.lock_head(first)
    assert (head.seq, head.hash) == journal.last(first)
    assert (head.schema_version, head.min_writer) == (SCHEMA_VERSION, WRITER)
    assert abs(head.clock - time.time()) < 5


def test_a_locked_head_is_busy_at_once(journal: Journal, first: Connection, second: Connection) -> None:
    """It is busy until the other transaction commits or rolls back."""
    begin(first)
    journal.lock_head(first)
    assert _busy(journal, second)
    rollback(first)
    assert not _busy(journal, second)
    begin(first)
    journal.lock_head(first)
    append(journal, first)
    assert _busy(journal, second)
    commit(first)
    assert not _busy(journal, second)


def test_the_patience_of_the_application_does_not_matter(
    database_url: str, journal: Journal, first: Connection
) -> None:
    """The answer comes within a second, also if the engine waits a minute for SQLite's lock."""
    if not database_url.startswith("sqlite"):
        database_url += "&options=-c%20lock_timeout%3D60s"
        patient = create_engine(database_url)
    else:
        patient = create_engine(database_url, connect_args={"timeout": 60})
    begin(first)
    journal.lock_head(first)
    with session(patient) as connection:
        assert _busy(journal, connection)
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 1000


def test_what_is_read_under_the_lock_is_what_was_committed_last(
    journal: Journal, engine: Engine, first: Connection
) -> None:
    """This holds also if the session had looked before."""
    before = journal.head(first)
    entry = append_committed(journal, engine)
    begin(first)
    head = journal.lock_head(first)
    assert before.seq + 1 == head.seq == entry.seq


def test_no_tables_are_no_journal(engine: Engine) -> None:
    """The transaction can be rolled back, and the session used again."""
    journal = Journal(schema_of(engine), "shop")
    with session(engine) as connection:
        for _ in range(2):
            begin(connection)
            with pytest.raises(NoJournal):
                journal.lock_head(connection)
            rollback(connection)


def test_a_journal_that_is_not_committed_yet_is_no_journal(engine: Engine) -> None:
    """The first boot of another process is creating it."""
    journal = Journal(schema_of(engine), "shop")
    with session(engine) as creator, session(engine) as other:
        begin(creator)
        journal.create(creator)
        with pytest.raises((NoJournal, HeadBusy)):
            begin(other)
            journal.lock_head(other)
        rollback(other)
        rollback(creator)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_lock_that_stands_for_the_head_while_there_is_none(engine: Engine) -> None:
    """Of two first boots, one with a COMMIT that arrives late, the second is told at once that the lock is
    busy."""
    key = Journal("public", "shop").key("first")
    with session(engine) as creator, session(engine) as other:
        database_of(creator).lock_first(creator, key)
        with pytest.raises(HeadBusy):
            database_of(other).lock_first(other, key)
        database_of(other).lock_first(other, Journal("public", "billing").key("first"))
        database_of(other).lock_first(other, Journal("public", "shop").key("baton"))
        commit(creator)
        database_of(other).lock_first(other, key)


def test_a_head_that_asks_for_a_newer_writer_refuses(journal: Journal, first: Connection) -> None:
    """The error is journal-newer. A newer schema alone is no error."""
    _set_head(first, "schema_version = 99")
    begin(first)
    assert journal.lock_head(first).schema_version == 99
    append(journal, first)
    commit(first)
    _set_head(first, f"min_writer = {WRITER + 1}")
    begin(first)
    with pytest.raises(InitError) as error:
        journal.lock_head(first)
    assert error.value.reference == "journal-newer"


def _set_head(connection: Connection, assignment: str) -> None:
    begin(connection)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ALTER TABLE init_journal_head DISABLE TRIGGER USER")
        connection.exec_driver_sql(f"UPDATE init_journal_head SET {assignment}")
        connection.exec_driver_sql("ALTER TABLE init_journal_head ENABLE TRIGGER USER")
    else:
        guard = "SELECT sql FROM sqlite_schema WHERE name = 'init_journal_head_move'"
        sql = connection.exec_driver_sql(guard).scalar_one()
        connection.exec_driver_sql("DROP TRIGGER init_journal_head_move")
        connection.exec_driver_sql(f"UPDATE init_journal_head SET {assignment}")
        connection.exec_driver_sql(sql)
    commit(connection)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_unit_sets_what_frees_its_locks_when_its_process_dies(journal: Journal, first: Connection) -> None:
    """The settings are those of its transaction only. Behind a pooler a session's settings would reach other
    clients."""
    wanted = database_of(first).settings(first) | {"lock_timeout": "1500ms"}
    begin(first)
    journal.lock_head(first, lock_timeout=1.5)
    set_now = {name: first.exec_driver_sql(f"SHOW {name}").scalar() for name in wanted}
    rollback(first)
    after = {name: first.exec_driver_sql(f"SHOW {name}").scalar() for name in wanted}
    # Over a socket in the file system TCP's settings are 0 whatever is asked.
    here = {name: value for name, value in wanted.items() if not name.startswith("tcp_")}
    assert {name: set_now[name] for name in here} == here
    assert after["client_connection_check_interval"] == "0" and after["lock_timeout"] == "0"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_over_tcp_a_dead_node_is_noticed_within_seconds(
    server: PostgresServer, database_url: str, journal: Journal
) -> None:
    """Keepalives begin after 5 s and are sent three times; sent data must be confirmed within 20 s."""
    with session(create_engine(server.url(make_url(database_url).database or "", tcp=True))) as connection:
        journal.lock_head(connection)
        found = [
            connection.exec_driver_sql(f"SHOW tcp_{name}").scalar()
            for name in ("keepalives_idle", "keepalives_interval", "keepalives_count", "user_timeout")
        ]
    assert found == ["5", "5", "3", "20000"]
