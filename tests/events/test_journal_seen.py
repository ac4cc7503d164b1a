"""What a journal is known again by: its last snapshot, and the newest entry that was seen before."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from initdb.errors import InitError
from initdb.events import find as finding
from initdb.events.chain import lock_key
from initdb.events.database import database_of
from initdb.events.entry import Entry
from initdb.events.head import HeadBusy
from initdb.events.journal import NOWHERE, Journal
from initdb.events.knowledge import Knowledge
from initdb.events.sessions import session
from initdb.events.undo import on_error
from tests.events.journals import append, begin, commit, make, rollback
from tests.support.guards import change

ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def journal(engine: Engine) -> Journal:
    """A journal of five entries: the second and the fourth are snapshots."""
    journal = make(engine)
    with session(engine) as connection:
        begin(connection)
        for kind in ("snapshot", "outage", "snapshot", "outage"):
            append(journal, connection, kind, {"fold": 1})
        commit(connection)
    return journal


@pytest.fixture
def connection(engine: Engine, journal: Journal) -> Iterator[Connection]:
    """A session on its database."""
    with session(engine) as opened:
        yield opened


def _entries(journal: Journal, connection: Connection) -> list[Entry]:
    return list(journal.read(connection))


def test_the_last_snapshot_up_to_an_entry(journal: Journal, connection: Connection) -> None:
    """It is the entry that a reading from the beginning finds."""
    entries = _entries(journal, connection)
    for upto, seq in ((9, 4), (5, 4), (4, 4), (3, 2), (2, 2), (1, None), (0, None)):
        found = journal.snapshot(connection, upto)
        assert found == (None if seq is None else entries[seq - 1]), upto


@pytest.mark.parametrize("edit", ["event = replace(event, '1', '2')", "prev_hash = hash", "hash = prev_hash"])
def test_a_snapshot_that_was_edited_is_none(journal: Journal, connection: Connection, edit: str) -> None:
    """The one before it is not taken either. All is then read from the beginning."""
    commit(connection)
    change(connection, f"UPDATE init_journal SET {edit} WHERE seq = 4")
    assert journal.snapshot(connection, 9) is None
    found = journal.snapshot(connection, 3)
    assert found is not None and found.seq == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_snapshot_of_another_type_of_value_is_none(journal: Journal, connection: Connection) -> None:
    """SQLite stores a value of any type."""
    commit(connection)
    change(connection, "UPDATE init_journal SET event = x'00' WHERE seq = 4")
    assert journal.snapshot(connection, 9) is None


def test_an_entry_that_is_read_has_the_hash_before_it(journal: Journal, connection: Connection) -> None:
    """By it the chain can be followed."""
    entries = _entries(journal, connection)
    assert [one.prev_hash for one in entries[1:]] == [one.hash for one in entries[:-1]]


SEEN: list[tuple[str | None, int, int, bool]] = [
    ("j", 5, 5, False),
    ("j", 5, 4, True),
    ("j", 4, 4, False),
    ("j", 4, 3, True),
    ("j", 6, 5, True),
    ("another", 5, 5, True),
    (None, 9, 1, False),
]
"""Journal, number, the entry whose hash was seen, and whether the journal lacks it."""


def test_an_entry_that_was_seen_is_missed(journal: Journal, connection: Connection) -> None:
    """Its number is beyond the end, its place has another hash, or the journal is another one."""
    entries = _entries(journal, connection)
    known = Knowledge(seq=5, hash=entries[-1].hash, journal="j")
    for name, seq, of, lacks in SEEN:
        seen = (name, seq, entries[of - 1].hash)
        assert journal.lacks(connection, known, seen) is lacks, (name, seq, of)
    assert not journal.lacks(connection, known, None)


def test_what_fails_while_it_is_read_has_a_name(journal: Journal, connection: Connection) -> None:
    """An error of the query is that of the journal. A missing table and a full disk are left to others."""
    with pytest.raises(InitError) as error, journal.readable(connection):
        connection.exec_driver_sql("SELECT missing FROM init_journal")
    assert (error.value.reference, error.value.database) == ("journal-unreadable", connection.dialect.name)
    with pytest.raises(DBAPIError), journal.readable(connection):
        connection.exec_driver_sql("SELECT missing FROM nowhere")
    rollback(connection)
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    with pytest.raises(DBAPIError), journal.readable(connection):
        raise DBAPIError("SELECT 1", {}, full)


def test_tables_that_are_none_of_a_journal_are_named(journal: Journal, connection: Connection) -> None:
    """The error says what they lack."""
    commit(connection)
    change(connection, "ALTER TABLE init_journal_head RENAME COLUMN hash TO digest")
    with pytest.raises(InitError) as error, journal.readable(connection):
        journal.head(connection)
    assert error.value.context == ("init_journal_head has no hash",)


def test_a_lock_that_is_busy_says_how_long_it_was_waited_for() -> None:
    """By default not at all."""
    assert (HeadBusy("locked").waited, HeadBusy(waited=2.5).waited) == (0.0, 2.5)


def test_what_is_undone_gets_its_arguments() -> None:
    """Those with a name as well."""
    undone: list[object] = []
    with pytest.raises(ValueError), on_error(lambda *one, **two: undone.append((one, two)), 1, name=2):
        raise ValueError
    assert undone == [((1,), {"name": 2})]


def test_the_keys_of_its_locks_are_the_same_in_every_version() -> None:
    """Two versions that boot at once must ask for the same locks."""
    assert Journal("public", "shop").key("baton") == lock_key("baton", "shop", "public")
    assert NOWHERE.key("first") == lock_key("first", "", "")


def test_a_missing_version_table_is_made_with_its_row(journal: Journal, connection: Connection) -> None:
    """After these statements the journal is complete."""
    connection.exec_driver_sql("DROP TABLE init_journal_version")
    with pytest.raises(InitError) as error:
        journal.check_version(connection)
    _, *statements = error.value.context
    assert [one.split()[0] for one in statements] == ["CREATE", "INSERT"]
    for statement in statements:
        connection.exec_driver_sql(statement)
    journal.check_version(connection)


@ON_POSTGRESQL
def test_what_makes_a_version_of_it_names_its_schema(engine: Engine) -> None:
    """The statements are to be run as they are."""
    journal = make(engine, "audit")
    make(engine, "public", "another")
    with session(engine) as connection:
        assert set(journal.check_tables(connection)) == set(
            database_of(connection).relations(connection, "audit")
        )
        connection.exec_driver_sql("DROP INDEX audit.init_journal_type_seq")
        fault = _fault(journal, connection)
        assert '"audit".init_journal' in fault
        connection.exec_driver_sql("ALTER TABLE audit.init_journal RENAME COLUMN event TO said")
        with pytest.raises(InitError, match="has no event"):
            journal.check_tables(connection)


def _fault(journal: Journal, connection: Connection) -> str:
    with pytest.raises(InitError, match="journal-incomplete") as error:
        journal.check_version(connection)
    return str(error.value)


@ON_POSTGRESQL
def test_a_connection_that_is_lost_says_nothing_of_the_owner(engine: Engine) -> None:
    """The error is raised: a journal of nobody would be another one."""
    make(engine)
    with session(engine) as connection, engine.connect() as other:
        assert finding._owner(connection, "public") == "shop"
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        other.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)")
        with pytest.raises(DBAPIError):
            finding._owner(connection, "public")
