"""The exact messages about a journal that cannot be used: which one, where, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from initdb.errors import InitError
from initdb.events import find as finding
from initdb.events import journal as journals
from initdb.events.chain import GENESIS
from initdb.events.entry import UNREADABLE
from initdb.events.find import find
from initdb.events.head import SCHEMA_VERSION, WRITER, Head, NoJournal
from initdb.events.journal import Journal
from initdb.events.sessions import session
from tests.events.journals import append_committed, begin, commit, make, rollback, schema_of
from tests.support.guards import change

ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
HEAD = Head(3, "h" * 64, SCHEMA_VERSION, WRITER)


@pytest.fixture
def journal(engine: Engine) -> Journal:
    """A journal of two entries."""
    journal = make(engine)
    append_committed(journal, engine)
    return journal


@pytest.fixture
def connection(engine: Engine, journal: Journal) -> Iterator[Connection]:
    """A session on its database."""
    with session(engine) as opened:
        yield opened


def _change(connection: Connection, *statements: str) -> None:
    change(connection, *statements)
    begin(connection)


def test_only_a_newer_version_may_write(journal: Journal, connection: Connection) -> None:
    """The error names the writer that is required, and this one."""
    _change(connection, f"UPDATE init_journal_head SET min_writer = {WRITER + 1}")
    with pytest.raises(InitError) as error:
        journal.lock_head(connection)
    assert error.value.reference == "journal-newer"
    assert error.value.context == (f"it asks for writer {WRITER + 1}, this initdb is writer {WRITER}",)
    rollback(connection)
    assert journal.head(connection).min_writer == WRITER + 1


def test_an_entry_that_is_no_event(journal: Journal, connection: Connection) -> None:
    """It says what is wrong with it. The entries around it are read."""
    _change(connection, "UPDATE init_journal SET event = '[]' WHERE seq = 2")
    first, second, *_ = journal.read(connection)
    assert (first.type, second.type) == ("journal_created", UNREADABLE)
    assert second.data == {"why": "it is JSON, but not an event"}


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (Head("3", HEAD.hash, 2, 1), f"'3', '{HEAD.hash}', (2, 1)"),
        (Head(True, HEAD.hash, 2, 1), f"True, '{HEAD.hash}', (2, 1)"),
        (Head(3, None, 2, 1), "3, None, (2, 1)"),
        (Head(3, HEAD.hash, None, 1), f"3, '{HEAD.hash}', (None, 1)"),
        (Head(3, HEAD.hash, 2, 1.0), f"3, '{HEAD.hash}', (2, 1.0)"),
    ],
)
def test_a_head_that_makes_no_sense(head: Head, said: str) -> None:
    """SQLite stores a value of any type in a column of any type."""
    assert journals._sound(HEAD) is HEAD
    with pytest.raises(InitError) as error:
        journals._sound(head)
    assert error.value.reference == "journal-unreadable"
    assert error.value.context == (f"the row of init_journal_head makes no sense: {said}",)


def test_a_head_without_a_row(journal: Journal, connection: Connection) -> None:
    """A look finds no journal. Under the lock it is an error."""
    _change(connection, "DELETE FROM init_journal_head")
    with pytest.raises(NoJournal):
        journal.head(connection)
    with pytest.raises(InitError) as error:
        journal.lock_head(connection)
    assert error.value.context == ("init_journal_head has no row",)
    assert (error.value.reference, error.value.database) == (
        "journal-unreadable",
        connection.dialect.name,
    )


def test_the_last_entry_and_any_other(engine: Engine, journal: Journal, connection: Connection) -> None:
    """Entries are found by number. The number 0 is the beginning of the chain."""
    entries = list(journal.read(connection))
    assert journal.last(connection) == (2, entries[-1].hash)
    assert journal.hash_at(connection, 1) == entries[0].hash
    assert journal.hash_at(connection, 9) is None
    _change(connection, "DELETE FROM init_journal")
    assert journal.last(connection) == (0, GENESIS)


def test_a_guard_that_is_gone(journal: Journal, connection: Connection) -> None:
    """All missing guards are named, in order."""
    postgresql = connection.dialect.name == "postgresql"
    names = ["init_journal_head_move", "init_journal_keep" if postgresql else "init_journal_no_update"]
    tables = ["init_journal_head", "init_journal"]
    begin(connection)
    for name, table in zip(names, tables, strict=True):
        connection.exec_driver_sql(f"DROP TRIGGER {name}{f' ON {table}' if postgresql else ''}")
    with pytest.raises(InitError) as error:
        journal.check_guards(connection)
    said = {f"The trigger {name} of {table} is missing." for name, table in zip(names, tables, strict=True)}
    assert (error.value.reference, {*error.value.context}) == ("journal-trigger-missing", said)
    assert error.value.database == connection.dialect.name


def test_what_makes_a_version_of_it(journal: Journal, connection: Connection) -> None:
    """After these statements it is complete."""
    journal.check_version(connection)
    begin(connection)
    connection.exec_driver_sql("DROP INDEX init_journal_type_seq")
    connection.exec_driver_sql("DELETE FROM init_journal_version")
    with pytest.raises(InitError) as error:
        journal.check_version(connection)
    said, *statements = error.value.context
    assert said == f"its head says version {SCHEMA_VERSION}; what makes it so:"
    assert error.value.reference == "journal-incomplete"
    assert error.value.database == connection.dialect.name
    assert len(statements) == 2 and all(one.endswith(";") for one in statements)
    for statement in statements:
        connection.exec_driver_sql(statement)
    journal.check_version(connection)


def test_of_a_newer_version_nothing_is_known(journal: Journal, connection: Connection) -> None:
    """It may have other indexes."""
    _change(connection, f"UPDATE init_journal_head SET schema_version = {SCHEMA_VERSION + 1}")
    connection.exec_driver_sql("DROP INDEX init_journal_type_seq")
    journal.check_version(connection)


def test_what_else_has_its_names(engine: Engine) -> None:
    """The journal is not created, and the error names what has its names."""
    journal = Journal(schema_of(engine), "shop")
    with session(engine) as connection:
        begin(connection)
        connection.exec_driver_sql("CREATE TABLE init_journal (seq INTEGER, mine INTEGER)")
        with pytest.raises(InitError) as error:
            journal.create(connection)
        assert error.value.reference == "foreign-journal-table"
        assert error.value.database == engine.dialect.name
        assert error.value.context == (
            "init_journal has no at, dest, event, hash, prev_hash, run, source, type",
        )


@ON_POSTGRESQL
def test_a_journal_in_another_schema(engine: Engine) -> None:
    """The error names the schema of the setting and the one that has the journal. Another application's
    journal does not count."""
    make(engine)
    with session(engine) as connection:
        with pytest.raises(InitError) as error:
            find(connection, "shop", "audit")
        assert error.value.reference == "journal-elsewhere"
        assert error.value.context == ("journal_schema is 'audit', the journal is in 'public'",)
        assert find(connection, "billing", "audit") == (Journal("audit", "billing"), False)


@ON_POSTGRESQL
def test_without_a_schema_there_is_no_place(engine: Engine) -> None:
    """No schema of the search_path exists."""
    with session(engine) as connection:
        connection.exec_driver_sql("SET LOCAL search_path = nowhere")
        assert find(connection, "shop", None) == (Journal(None, "shop"), False)


@ON_POSTGRESQL
def test_of_several_journals_ours_is_taken(engine: Engine) -> None:
    """A journal whose first entry does not name an owner is nobody's."""
    for schema, application in (("a", "billing"), ("b", "shop"), ("c", "shop"), ("d", "odd")):
        make(engine, schema, application)
    with session(engine) as connection:
        connection.exec_driver_sql("ALTER TABLE d.init_journal DISABLE TRIGGER USER")
        connection.exec_driver_sql("""UPDATE d.init_journal SET event = '{"type":"x"}'""")
        connection.exec_driver_sql("ALTER TABLE d.init_journal ENABLE TRIGGER USER")
        commit(connection)
        assert find(connection, "shop", None) == (Journal("b", "shop"), True)
        assert find(connection, "billing", None) == (Journal("a", "billing"), True)
        assert find(connection, "odd", None) == (Journal("a", "odd"), True)
        assert finding._owner(connection, "d") is None
        assert finding._owner(connection, "not there") is None
        assert finding._owner(connection, "c") == "shop"


def test_an_error_that_says_nothing_of_the_owner(
    journal: Journal, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is raised. It does not mean that there is no owner."""

    def broken(*_: Any) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(finding, "parse", broken)
    with pytest.raises(RuntimeError):
        finding._owner(connection, schema_of(connection.engine))


def test_tables_that_are_not_there(engine: Engine) -> None:
    """Missing tables mean that there is no journal. Any other error is raised."""
    with session(engine) as connection:
        begin(connection)
        with pytest.raises(NoJournal):
            Journal(schema_of(engine), "shop").lock_head(connection)
        rollback(connection)
        begin(connection)
        connection.exec_driver_sql("CREATE TABLE init_journal_head (mine INTEGER)")
        with pytest.raises(DBAPIError):
            Journal(schema_of(engine), "shop").lock_head(connection)
