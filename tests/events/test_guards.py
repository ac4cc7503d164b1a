"""The triggers accept an event that follows the head, and refuse every other change of both tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from initdb.errors import InitError
from initdb.events.chain import GENESIS
from initdb.events.entry import Turn, write
from initdb.events.head import Head
from initdb.events.journal import Journal
from initdb.events.sessions import session
from tests.events.journals import (
    MOMENT,
    append,
    append_committed,
    begin,
    commit,
    following,
    make,
    rollback,
    stored,
)


@pytest.fixture
def journal(engine: Engine) -> Journal:
    """A journal of two entries."""
    made = make(engine)
    append_committed(made, engine)
    return made


@pytest.fixture
def connection(engine: Engine, journal: Journal) -> Iterator[Connection]:
    """A session with an open transaction."""
    with session(engine) as opened:
        begin(opened)
        yield opened


def _picture(journal: Journal, connection: Connection) -> tuple[Any, Head]:
    return stored(journal, connection), journal.head(connection)


def _refused(journal: Journal, connection: Connection, statement: str) -> str:
    """The message of the refusal. Both tables must be unchanged, now and after a COMMIT."""
    before = _picture(journal, connection)
    with pytest.raises(DBAPIError) as refusal:
        connection.exec_driver_sql(statement)
    rollback(connection)
    assert _picture(journal, connection) == before
    return str(refusal.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"seq": 4},
        {"seq": 2},
        {"seq": 1},
        {"seq": -1},
        {"prev_hash": GENESIS},
        {"prev_hash": "not a hash"},
        {"seq": 4, "prev_hash": GENESIS},
    ],
    ids=str,
)
def test_an_event_that_does_not_follow_the_head_is_refused(
    journal: Journal, connection: Connection, changes: dict[str, Any]
) -> None:
    """Its number or its previous hash is wrong. The head does not move."""
    before = _picture(journal, connection)
    head = journal.head(connection)
    place = {"seq": head.seq + 1, "prev_hash": head.hash, **changes}
    turn = Turn("outage", "note", "unknown", "unknown")
    entry = write(place["seq"] - 1, place["prev_hash"], MOMENT, turn, {})
    with pytest.raises(DBAPIError):
        journal.append(connection, entry)
    rollback(connection)
    assert _picture(journal, connection) == before


def test_an_event_moves_the_head(journal: Journal, connection: Connection) -> None:
    """The head gets the entry's number and hash, without a statement of the writer."""
    entry = append(journal, connection)
    commit(connection)
    head = journal.head(connection)
    assert (head.seq, head.hash) == (entry.seq, entry.hash) == (3, journal.last(connection)[1])


def test_several_events_follow_each_other_in_one_transaction(
    journal: Journal, connection: Connection
) -> None:
    """Each is checked against the one before it."""
    entries = [append(journal, connection) for _ in range(3)]
    commit(connection)
    assert [entry.seq for entry in entries] == [3, 4, 5]
    assert journal.head(connection).hash == entries[-1].hash


CHANGES = (
    "UPDATE init_journal SET event = '{}'",
    "UPDATE init_journal SET seq = seq + 10",
    "UPDATE init_journal SET event = event WHERE seq = 1",
    "DELETE FROM init_journal WHERE seq = 2",
    "DELETE FROM init_journal",
    "UPDATE init_journal_head SET seq = 0",
    "UPDATE init_journal_head SET hash = 'x'",
    "UPDATE init_journal_head SET seq = seq + 1",
    "UPDATE init_journal_head SET seq = seq",
    "UPDATE init_journal_head SET schema_version = 3",
    "UPDATE init_journal_head SET min_writer = 2",
    "UPDATE init_journal_head SET id = 2",
    "UPDATE init_journal_head SET seq = 1, hash = (SELECT hash FROM init_journal WHERE seq = 1)",
    "UPDATE init_journal_head SET seq = NULL",
    "DELETE FROM init_journal_head",
    "INSERT INTO init_journal_head VALUES (1, 0, 'x', 2, 1)",
    "INSERT INTO init_journal_head VALUES (2, 0, 'x', 2, 1)",
)


def test_whatever_is_no_append_is_refused(journal: Journal, connection: Connection) -> None:
    """UPDATE and DELETE on both tables are refused, and so is a second head, and a head that moves without
    an event."""
    for statement in CHANGES:
        _refused(journal, connection, statement)


def test_the_head_does_not_move_by_hand_to_an_entry_that_is_no_successor(
    journal: Journal, connection: Connection
) -> None:
    """It does not do so in the transaction of an append either, where the entry exists already."""
    append(journal, connection)
    with pytest.raises(DBAPIError):
        connection.exec_driver_sql("UPDATE init_journal_head SET seq = seq + 1")


def test_an_emptied_head_takes_one_row_again(journal: Journal, connection: Connection) -> None:
    """INSERT is refused only while the row exists. So a restore can load the row after the triggers."""
    _without_guards(connection, "DELETE FROM init_journal_head")
    connection.exec_driver_sql("INSERT INTO init_journal_head VALUES (1, 0, 'x', 2, 1)")
    commit(connection)
    assert journal.head(connection).hash == "x"


def test_a_head_without_a_row_is_an_error_with_a_name(journal: Journal, connection: Connection) -> None:
    """It does not mean that there is no journal, and no process waits for it."""
    _without_guards(connection, "DELETE FROM init_journal_head")
    commit(connection)
    begin(connection)
    with pytest.raises(InitError) as error:
        journal.lock_head(connection)
    assert error.value.reference == "journal-unreadable"


def _without_guards(connection: Connection, statement: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ALTER TABLE init_journal_head DISABLE TRIGGER USER")
        connection.exec_driver_sql(statement)
        connection.exec_driver_sql("ALTER TABLE init_journal_head ENABLE TRIGGER USER")
        return
    guards = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'init_journal_head'"
    ).all()
    for name, _ in guards:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    connection.exec_driver_sql(statement)
    for _, sql in guards:
        connection.exec_driver_sql(sql)


_ONLY, _OF_HEAD = "init_journal is append-only", "init_journal_head is append-only"


@pytest.mark.parametrize(
    ("statement", "on_sqlite", "on_postgresql"),
    [
        ("UPDATE init_journal SET event = 'x'", _ONLY, f"{_ONLY}: UPDATE refused"),
        ("DELETE FROM init_journal", _ONLY, f"{_ONLY}: DELETE refused"),
        (
            "UPDATE init_journal_head SET seq = 9",
            "init_journal_head moves by an event only",
            "init_journal_head moves by an event only",
        ),
        ("DELETE FROM init_journal_head", "init_journal_head stays", f"{_OF_HEAD}: DELETE refused"),
        (
            "INSERT INTO init_journal_head VALUES (1, 0, 'x', 2, 1)",
            "init_journal_head has one row",
            f"{_OF_HEAD}: INSERT refused",
        ),
        (
            "INSERT INTO init_journal VALUES (9, 'r', 't', 'x', 'a', 'b', '{}', 'p', 'h')",
            "init_journal: this is not an event, or not the one that its columns say",
            "init_journal: event 9 does not give its hash",
        ),
    ],
)
def test_what_a_refusal_says(
    connection: Connection, statement: str, on_sqlite: str, on_postgresql: str
) -> None:
    """The database's own words, which a person reads who tries it by hand."""
    with pytest.raises(DBAPIError) as refusal:
        connection.exec_driver_sql(statement)
    error: Any = refusal.value.orig
    if connection.dialect.name == "sqlite":
        assert str(error) == on_sqlite
    else:
        assert error.diag.message_primary == on_postgresql


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_truncate_is_refused(journal: Journal, connection: Connection) -> None:
    """TRUNCATE fires no row trigger on PostgreSQL. A statement trigger refuses it."""
    for tables in ("init_journal", "init_journal_head", "init_journal, init_journal_head CASCADE"):
        assert "append-only" in _refused(journal, connection, f"TRUNCATE {tables}")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_refusal_has_a_sqlstate_of_its_own(journal: Journal, connection: Connection) -> None:
    """It is IJ001, which no error of the application has."""
    with pytest.raises(DBAPIError) as refusal:
        connection.exec_driver_sql("DELETE FROM init_journal")
    assert getattr(refusal.value.orig, "pgcode", None) == "IJ001"


_VALUES = "'r', 't', 'x', 'unknown', 'unknown', '{}', {prev}, 'h'"


@pytest.mark.parametrize("policy", ["IGNORE", "REPLACE", "FAIL", "ROLLBACK"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_conflict_policy_of_sqlite_passes_the_guard(
    journal: Journal, connection: Connection, policy: str
) -> None:
    """INSERT OR … with a wrong predecessor adds nothing, replaces nothing, and does not move the head."""
    values = _VALUES.replace("{prev}", "'wrong'")
    for seq in ("3", "1", "2", "9", "NULL"):
        _refused(journal, connection, f"INSERT OR {policy} INTO init_journal VALUES ({seq}, {values})")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_ignored_row_does_not_move_the_head(journal: Journal, connection: Connection) -> None:
    """INSERT OR IGNORE of a row that breaks a CHECK adds no row."""
    connection.exec_driver_sql("DROP TRIGGER init_journal_check")
    before = _picture(journal, connection)
    last = journal.head(connection).hash
    values = _VALUES.replace("{prev}", f"'{last}'").replace("'r'", "NULL", 1)
    connection.exec_driver_sql(f"INSERT OR IGNORE INTO init_journal VALUES (3, {values})")
    commit(connection)
    assert _picture(journal, connection) == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE OR IGNORE init_journal SET event = 'x'",
        "UPDATE OR REPLACE init_journal SET seq = 1 WHERE seq = 2",
        "UPDATE OR IGNORE init_journal_head SET seq = 0",
        "UPDATE OR REPLACE init_journal_head SET hash = 'x'",
        "REPLACE INTO init_journal_head VALUES (1, 0, 'x', 2, 1)",
        "INSERT OR IGNORE INTO init_journal_head VALUES (1, 0, 'x', 2, 1)",
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_conflict_policy_of_sqlite_passes_the_other_guards(
    journal: Journal, connection: Connection, statement: str
) -> None:
    """OR IGNORE and OR REPLACE on existing rows are refused."""
    _refused(journal, connection, statement)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_temporary_table_does_not_stand_in_for_the_head(journal: Journal, connection: Connection) -> None:
    """The triggers use the tables of their own file."""
    for name in ("init_journal", "init_journal_head"):
        connection.exec_driver_sql(f"CREATE TEMP TABLE {name} AS SELECT * FROM main.{name} LIMIT 1")
    append(journal, connection)
    commit(connection)
    assert journal.head(connection).seq == 3


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO init_journal SELECT * FROM init_journal ON CONFLICT (seq) DO UPDATE SET event = 'x'",
        "INSERT INTO init_journal SELECT * FROM init_journal",
    ],
)
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_upsert_is_refused(journal: Journal, connection: Connection, statement: str) -> None:
    """ON CONFLICT DO UPDATE is an update."""
    _refused(journal, connection, statement)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_upsert_that_does_nothing_moves_nothing(journal: Journal, connection: Connection) -> None:
    """ON CONFLICT DO NOTHING adds no row."""
    before = _picture(journal, connection)
    connection.exec_driver_sql(
        "INSERT INTO init_journal SELECT * FROM init_journal ON CONFLICT (seq) DO NOTHING"
    )
    commit(connection)
    assert _picture(journal, connection) == before


def test_a_missing_guard_is_found(journal: Journal, connection: Connection) -> None:
    """A dropped trigger is noticed before any work."""
    journal.check_guards(connection)
    on = " ON init_journal" if connection.dialect.name == "postgresql" else ""
    connection.exec_driver_sql(f"DROP TRIGGER init_journal_append{on}")
    with pytest.raises(InitError) as error:
        journal.check_guards(connection)
    assert error.value.reference == "journal-trigger-missing"
    assert error.value.context == ("The trigger init_journal_append of init_journal is missing.",)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_disabled_guard_is_found(journal: Journal, connection: Connection) -> None:
    """A trigger that is disabled guards nothing."""
    connection.exec_driver_sql("ALTER TABLE init_journal DISABLE TRIGGER init_journal_keep")
    with pytest.raises(InitError):
        journal.check_guards(connection)


def test_an_append_alone_is_one_statement(journal: Journal, connection: Connection) -> None:
    """The database reads and moves the head. The other statements are about the session's role."""
    entry = following(journal, connection, "outage", {})
    seen: list[str] = []
    original = connection.execute

    def counted(statement: Any, *rest: Any, **more: Any) -> Any:
        seen.append(str(statement))
        return original(statement, *rest, **more)

    connection.execute = counted  # type: ignore[method-assign]
    journal.append(connection, entry)
    assert [statement.split(" ", 2)[:2] for statement in seen][-1] == ["INSERT", "INTO"]
    assert len(seen) == (1 if connection.dialect.name == "sqlite" else 2)
    assert all("set_config('role'" in statement for statement in seen[:-1])


def test_two_sessions_that_append_at_once_append_once(engine: Engine, journal: Journal) -> None:
    """Even without the lock on the head, the second session finds that the head has moved."""
    with session(engine) as first, session(engine) as second:
        if engine.dialect.name == "postgresql":
            one, other = following(journal, first, "outage", {}), following(journal, second, "override", {})
            rollback(first)
            rollback(second)
            journal.append(first, one)
            commit(first)
        else:
            begin(first)
            one = other = following(journal, first, "outage", {})
            journal.append(first, one)
            commit(first)
            begin(second)
        with pytest.raises(DBAPIError):
            journal.append(second, other)
        rollback(second)
        assert journal.head(first).hash == one.hash
