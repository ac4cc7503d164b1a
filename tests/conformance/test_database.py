"""What `events.database.Database` means: SQLite and PostgreSQL, SQLAlchemy's connection and the driver's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine

from initdb.errors import InitError
from initdb.events.database import Database, database_of
from initdb.events.facts import differences
from initdb.events.find import find
from initdb.events.head import SCHEMA_VERSION, HeadBusy
from initdb.events.journal import Journal
from initdb.events.sessions import session
from initdb.events.shape import HEAD, JOURNAL
from initdb.events.statements import AnyConnection, database_errors, driver, driver_rows, run, savepoint
from tests.events.journals import append, append_committed, make, schema_of


@pytest.fixture(params=["SQLAlchemy's", "the driver's"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which of the two kinds of connection."""
    return str(request.param)


@pytest.fixture
def connection(engine: Engine, kind: str) -> Iterator[AnyConnection]:
    """A connection of either kind, prepared."""
    with _connected(engine, kind) as connection:
        yield connection


@pytest.fixture
def other(engine: Engine, kind: str) -> Iterator[AnyConnection]:
    """Another one, as of another process."""
    with _connected(engine, kind) as connection:
        yield connection


@contextmanager
def _connected(engine: Engine, kind: str) -> Iterator[AnyConnection]:
    with ExitStack() as stack:
        if kind == "SQLAlchemy's":
            yield stack.enter_context(session(engine))
        else:
            raw = stack.enter_context(closing(_driver_connection(engine)))
            database_of(raw).prepare(raw)
            yield raw


def _driver_connection(engine: Engine) -> Any:
    words, named = engine.dialect.create_connect_args(engine.url)
    return engine.dialect.connect(*words, **named)


@pytest.fixture
def database(connection: AnyConnection) -> Database:
    """The port that the connection has."""
    return database_of(connection)


@pytest.fixture
def journal(engine: Engine) -> Journal:
    """A journal with one entry."""
    return make(engine)


@contextmanager
def _unit(connection: AnyConnection) -> Iterator[Database]:
    """A transaction that writes, rolled back at its end where it was not committed."""
    database = database_of(connection)
    database.begin(connection)
    try:
        yield database
    finally:
        database.rollback(connection)


def test_it_says_which_database_it_is(engine: Engine, database: Database) -> None:
    """By the name that SQLAlchemy has for it."""
    assert database.name == engine.dialect.name


def test_of_another_database_there_is_none() -> None:
    """It is named."""

    class Elsewhere:
        def cursor(self) -> None: ...
        def commit(self) -> None: ...
        def rollback(self) -> None: ...

    with pytest.raises(InitError) as raised:
        database_of(Elsewhere())
    assert raised.value.reference == "unsupported-database"
    assert raised.value.context == (Elsewhere.__module__.partition(".")[0],)


def test_values_and_colons_and_percents(connection: AnyConnection) -> None:
    """A value goes in by name; what looks like a placeholder of some driver is text."""
    said = "SELECT :one || ':name' || '%s' || '?', '\\:two'"
    if database_of(connection).name == "postgresql":
        said = said.replace(":one", "cast(:one AS text)")
    said = said.replace("':name'", "'\\:name'")
    assert [tuple(row) for row in run(connection, said, {"one": "1"})] == [("1:name%s?", ":two")]


def test_what_gives_no_rows(connection: AnyConnection) -> None:
    """An empty list, of a statement as of a query."""
    with _unit(connection):
        assert run(connection, "CREATE TABLE t (a INTEGER)") == []
        assert run(connection, "SELECT a FROM t") == []


def test_what_a_statement_can_raise(connection: AnyConnection) -> None:
    """Whether the driver raises it or SQLAlchemy does; a mistake in Python is none of it."""
    with _unit(connection):
        with pytest.raises(database_errors(connection)):
            run(connection, "SELECT a FROM nowhere")
        with pytest.raises(database_errors(connection)):
            driver(connection).cursor().execute("SELECT")
    assert not issubclass(ValueError, database_errors(connection))


def test_rows_as_the_driver_gives_them(connection: AnyConnection) -> None:
    """All of them, in order."""
    said = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1201) SELECT i FROM n"
    assert [row[0] for row in driver_rows(connection, said)] == list(range(1, 1202))


def test_what_fails_inside_a_savepoint(connection: AnyConnection) -> None:
    """Is undone alone."""
    with _unit(connection):
        run(connection, "CREATE TABLE kept (a INTEGER)")
        with pytest.raises(RuntimeError), savepoint(connection):
            run(connection, "CREATE TABLE lost (a INTEGER)")
            raise RuntimeError
        with savepoint(connection):
            run(connection, "INSERT INTO kept VALUES (1)")
        assert run(connection, "SELECT a FROM kept") == [(1,)]
        run(connection, "CREATE TABLE lost (b INTEGER)")


def test_a_transaction_begins_and_ends(connection: AnyConnection, other: AnyConnection) -> None:
    """What is rolled back was never there; what is committed others see."""
    database = database_of(connection)
    for end, there in ((database.rollback, []), (database.commit, [(1,)])):
        database.begin(connection)
        run(connection, "CREATE TABLE t (a INTEGER)")
        run(connection, "INSERT INTO t VALUES (1)")
        assert database.in_transaction(connection)
        end(connection)
        assert not database.in_transaction(connection)
        if there:
            assert run(other, "SELECT a FROM t") == there
    database_of(other).rollback(other)


def test_to_begin_undoes_what_was_open(connection: AnyConnection) -> None:
    """Only what its event records may stay."""
    database = database_of(connection)
    database.begin(connection)
    run(connection, "CREATE TABLE t (a INTEGER)")
    database.begin(connection)
    run(connection, "CREATE TABLE t (b INTEGER)")
    database.rollback(connection)


def test_the_head_is_locked_and_read(journal: Journal, connection: AnyConnection) -> None:
    """It is the last entry, and the clock is the database's."""
    with _unit(connection) as database:
        head = database.lock_head(connection, journal.schema, 1.0)
        assert (head.seq, head.hash) == journal.last(connection)
        assert head.schema_version == SCHEMA_VERSION
        assert abs(head.clock - time.time()) < 60


def test_a_locked_head_is_busy(journal: Journal, connection: AnyConnection, other: AnyConnection) -> None:
    """Without waiting; it is free when its holder has ended."""
    with _unit(connection) as database:
        database.lock_head(connection, journal.schema, None)
        with pytest.raises(HeadBusy), _unit(other) as others:
            others.lock_head(other, journal.schema, None)
    with _unit(other) as others:
        others.lock_head(other, journal.schema, None)


def test_a_head_without_a_row(engine: Engine, journal: Journal, connection: AnyConnection) -> None:
    """It is named: nobody holds it."""
    with _unit(connection) as database:
        for trigger in _statements_without_guards(journal, connection):
            run(connection, trigger)
        with pytest.raises(InitError) as raised:
            database.lock_head(connection, journal.schema, None)
        assert raised.value.reference == "journal-unreadable"


def _statements_without_guards(journal: Journal, connection: AnyConnection) -> list[str]:
    head = journal.table(connection, HEAD)
    on = f" ON {head}" if database_of(connection).name == "postgresql" else ""
    names = ["init_journal_head_keep" if on else "init_journal_head_no_delete"]
    return [f"DROP TRIGGER {name}{on}" for name in names] + [f"DELETE FROM {head}"]


def test_while_there_is_no_head_one_may_make_it(connection: AnyConnection, other: AnyConnection) -> None:
    """The other is told at once that it is busy."""
    with _unit(connection) as database:
        database.lock_first(connection, 7)
        with pytest.raises(HeadBusy), _unit(other) as others:
            others.lock_first(other, 7)


def test_a_journal_is_found(engine: Engine, connection: AnyConnection) -> None:
    """Nothing, before there is one; then its schema, and that it is whole."""
    assert database_of(connection).around(connection, (), ()).schemas() == {}
    assert find(connection, "shop", None) == (Journal(schema_of(engine), "shop"), False)
    database_of(connection).rollback(connection)
    make(engine)
    assert database_of(connection).around(connection, (), ()).schemas() == {schema_of(engine): True}
    assert find(connection, "shop", None) == (Journal(schema_of(engine), "shop"), True)
    assert database_of(connection).default_schema(connection) == schema_of(engine)


def test_what_is_made_is_a_journal(connection: AnyConnection, engine: Engine) -> None:
    """Every guard stands, and every name means a table or an index."""
    with _unit(connection) as database:
        database.create(connection, schema_of(engine))
        expected = database.expected(schema_of(engine), SCHEMA_VERSION)
        assert differences(database.facts(connection, schema_of(engine)), expected) == ()
        assert {fact.kind for fact in expected} >= {"table", "trigger", "index"}
        found = database.relations(connection, schema_of(engine))
        assert {name for name, relation in found.items() if relation.kind == "table"} >= {JOURNAL, HEAD}
        assert {relation.kind for relation in found.values()} == {"table", "index"}


def test_what_a_journal_has_made_can_be_dropped(
    engine: Engine, journal: Journal, connection: AnyConnection
) -> None:
    """In the order in which it is named, and nothing is left."""
    database = database_of(connection)
    assert [part.kind for part in database.parts(connection, journal.schema)][:3] == ["view", "view", "table"]
    with _unit(connection):
        for part in database.parts(connection, journal.schema):
            assert part.ours
            run(connection, part.drop)
        assert database.relations(connection, journal.schema) == {}
        assert database.parts(connection, journal.schema) == ()
        database.create(connection, journal.schema)


def test_what_needs_a_journal(engine: Engine, journal: Journal, connection: AnyConnection) -> None:
    """By its name, with a statement that drops it; a journal itself needs nobody."""
    database = database_of(connection)
    assert database.dependents(connection, journal.schema) == ()
    with _unit(connection):
        run(connection, 'CREATE VIEW "a b" AS SELECT seq FROM init_journal')
        (found,) = database.dependents(connection, journal.schema)
        assert (found.kind, found.name.rpartition(".")[2]) == ("view", '"a b"')
        run(connection, found.drop)
        assert database.dependents(connection, journal.schema) == ()


def test_a_schema_that_was_missing(connection: AnyConnection) -> None:
    """Whoever creates a journal is told whether its schema was created too."""
    database = database_of(connection)
    with _unit(connection):
        assert database.create(connection, database.default_schema(connection)) is False
    if database.name == "postgresql":
        with _unit(connection):
            assert database.create(connection, "o:ps") is True


def test_the_journal_is_read(engine: Engine, journal: Journal, connection: AnyConnection) -> None:
    """Its entries, its head and each hash."""
    append_committed(journal, engine)
    entries = list(journal.read(connection))
    assert [entry.seq for entry in entries] == [1, 2]
    assert [journal.hash_at(connection, entry.seq) for entry in entries] == [entry.hash for entry in entries]
    assert journal.hash_at(connection, 3) is None
    assert (journal.head(connection).seq, journal.head(connection).hash) == journal.last(connection)


def test_an_append_after_the_transaction_has_ended(journal: Journal, connection: AnyConnection) -> None:
    """It is refused: what the step did is gone, or stands without its event."""
    with _unit(connection) as database:
        head = database.lock_head(connection, journal.schema, None)
        driver(connection).rollback()
        with pytest.raises(InitError) as raised:
            run(connection, "SELECT 1")
            if database.name == "postgresql":
                run(connection, "CREATE TABLE outside (a INTEGER)")
            append(journal, connection, head=head)
        assert raised.value.reference == "transaction-ended"


def test_an_append_in_time(journal: Journal, connection: AnyConnection, other: AnyConnection) -> None:
    """Others see it with the commit, and not before."""
    with _unit(connection) as database:
        head = database.lock_head(connection, journal.schema, None)
        entry = append(journal, connection, head=head)
        assert journal.last(other)[0] == head.seq
        database_of(other).rollback(other)
        database.commit(connection)
    assert journal.last(other) == (entry.seq, entry.hash)


def test_a_transaction_may_last(engine: Engine, connection: AnyConnection) -> None:
    """Longer than the server's limits let it, once they are lifted."""
    database = database_of(connection)
    if database.name == "postgresql":
        run(connection, "SET idle_in_transaction_session_timeout = '50ms'")
        if int(run(connection, "SHOW server_version_num")[0][0]) >= 170000:
            run(connection, "SET transaction_timeout = '50ms'")
        database.commit(connection)
    database.lift_limits(connection)
    run(connection, "SELECT 1")
    time.sleep(0.2)
    assert run(connection, "SELECT 1") == [(1,)]


def test_its_clock(connection: AnyConnection) -> None:
    """Seconds since 1970, as this machine's."""
    assert abs(database_of(connection).server(connection).clock - time.time()) < 60


def test_it_can_be_written_and_is_safe(connection: AnyConnection) -> None:
    """What is read-only is in tests/outages: a standby, a role, a file; and so is a server without fsync."""
    server = database_of(connection).server(connection)
    assert (server.read_only, server.cautions) == ("", ())
