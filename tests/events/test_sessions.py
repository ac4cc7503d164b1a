"""Our sessions: they have real transactions, and never go back to the pool of the application's engine."""

from __future__ import annotations

import functools
import gc
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Engine, QueuePool, StaticPool, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from initdb.errors import InitError
from initdb.events.database import database_of
from initdb.events.sessions import close_session, database_file, is_memory, open_session, session
from initdb.events.statements import driver
from tests.events.journals import append, begin, commit, make, rollback
from tests.support.postgres_server import PostgresServer

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def pooled(database_url: str) -> Engine:
    """An engine of an application, with a pool of one connection and no more."""
    return create_engine(database_url, poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=1)


def test_nothing_returns_to_the_pool(pooled: Engine) -> None:
    """No other user of the engine sees the settings of a session, and two sessions fit beside a pool
    of one."""
    with session(pooled) as first, session(pooled) as second:
        assert driver(first) is not driver(second)
        with pooled.connect() as application:
            assert application.connection.dbapi_connection is not driver(first)
    assert pooled.pool.checkedin() == 1  # type: ignore[attr-defined]


def test_no_connection_outlives_its_session(pooled: Engine, database_url: str) -> None:
    """With --preload, gunicorn forks afterwards."""
    closed: list[Any] = []
    event.listen(pooled, "close_detached", closed.append)
    with session(pooled) as connection:
        dbapi = driver(connection)
    assert closed == [dbapi]
    with pytest.raises(Exception, match="closed"):
        dbapi.cursor().execute("SELECT 1")


def test_the_facade_stays_in_one_transaction(engine: Engine) -> None:
    """Units begin and commit below SQLAlchemy's Connection. Its savepoints work inside them."""
    with session(engine) as connection:
        outer = connection.get_transaction()
        begin(connection)
        connection.execute(text("CREATE TABLE t (n integer)"))
        with connection.begin_nested() as savepoint:
            connection.execute(text("INSERT INTO t VALUES (1)"))
            savepoint.rollback()
        with connection.begin_nested():
            connection.execute(text("INSERT INTO t VALUES (2)"))
        commit(connection)
        begin(connection)
        connection.execute(text("INSERT INTO t VALUES (3)"))
        rollback(connection)
        assert connection.get_transaction() is outer and outer is not None and outer.is_active
    with engine.connect() as connection:
        assert connection.execute(text("SELECT n FROM t")).scalars().all() == [2]


def test_an_event_and_its_effect_commit_together(engine: Engine) -> None:
    """Either both are committed or neither is."""
    journal = make(engine)
    with session(engine) as connection:
        for end in (rollback, commit):
            begin(connection)
            connection.execute(text("CREATE TABLE effect (n integer)"))
            append(journal, connection)
            end(connection)
            begin(connection)
            there = engine.dialect.has_table(connection, "effect")
            assert (there, journal.head(connection).seq) == ((False, 1) if end is rollback else (True, 2))
            rollback(connection)


def test_the_events_of_the_engine_are_heard(database_url: str) -> None:
    """A role, a pragma or a timeout that the application sets on its connections is set on ours."""
    engine = create_engine(database_url)

    @event.listens_for(engine, "connect")
    def on_connect(dbapi: Any, _: Any) -> None:
        cursor = dbapi.cursor()
        if engine.dialect.name == "sqlite":
            cursor.execute("PRAGMA foreign_keys = ON")
        else:
            cursor.execute("SET application_name = 'shop'")
            dbapi.commit()
        cursor.close()

    show = "PRAGMA foreign_keys" if engine.dialect.name == "sqlite" else "SHOW application_name"
    with session(engine) as connection:
        assert connection.exec_driver_sql(show).scalar() in (1, "shop")


@ON_SQLITE
@pytest.mark.parametrize("mode", ["DEFERRED", "IMMEDIATE"])
def test_the_recipe_for_real_transactions_fits(database_url: str, mode: str) -> None:
    """SQLAlchemy's documentation has a recipe that begins in an event. Our transactions work below it."""
    engine = create_engine(database_url)
    event.listen(engine, "connect", lambda dbapi, _: setattr(dbapi, "isolation_level", None))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(f"BEGIN {mode}"))
    journal = make(engine)
    with session(engine) as connection:
        assert not driver(connection).in_transaction
        begin(connection)
        append(journal, connection)
        commit(connection)
        assert journal.head(connection).seq == 2


@ON_POSTGRESQL
@pytest.mark.parametrize("level", ["SERIALIZABLE", "REPEATABLE READ", "READ COMMITTED", "AUTOCOMMIT"])
def test_the_level_is_read_committed(database_url: str, level: Any) -> None:
    """A snapshot for a whole unit would hide what others commit. Without a transaction no lock would hold."""
    engine = create_engine(database_url, isolation_level=level)
    with session(engine) as connection:
        assert connection.exec_driver_sql("SHOW transaction_isolation").scalar() == "read committed"
        connection.exec_driver_sql("CREATE TABLE t ()")
        rollback(connection)
        assert not engine.dialect.has_table(connection, "t")
    with engine.connect() as connection:
        expected = "read committed" if level == "AUTOCOMMIT" else level.lower()
        assert connection.exec_driver_sql("SHOW transaction_isolation").scalar() == expected


@ON_POSTGRESQL
def test_a_session_sets_nothing_that_stays(server: PostgresServer, database_url: str) -> None:
    """Behind a pooler another client gets the server's session afterwards."""
    engine = create_engine(database_url)
    journal = make(engine)
    with session(engine) as connection:
        begin(connection)
        journal.lock_head(connection, lock_timeout=1)
        append(journal, connection)
        commit(connection)
        changed = connection.exec_driver_sql("SELECT name FROM pg_settings WHERE source = 'session'")
        assert set(changed.scalars()) <= {"client_encoding", "transaction_isolation"}


@ON_SQLITE
def test_a_commit_reaches_the_disk(database_url: str) -> None:
    """An application may choose speed over durability for its own connections, not for the journal's."""
    engine = create_engine(database_url)
    for chosen in ("OFF", "NORMAL", "FULL", "EXTRA"):
        chooses = functools.partial(_choose, chosen)
        event.listen(engine, "connect", chooses)
        with session(engine) as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 3
        event.remove(engine, "connect", chooses)


def _choose(level: str, dbapi: Any, record: object) -> None:
    dbapi.execute(f"PRAGMA synchronous = {level}")


@ON_SQLITE
def test_the_journal_mode_of_a_file_stays(database_url: str, tmp_path: Path) -> None:
    """An existing database is not converted to WAL."""
    with sqlite3.connect(tmp_path / "test.db") as file:
        file.execute("CREATE TABLE t (n)")
    engine = create_engine(database_url)
    make(engine)
    with session(engine) as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"


@ON_SQLITE
def test_commit_is_tried_again_while_a_reader_is_in_its_way(database_url: str) -> None:
    """In rollback-journal mode a reader holds up the COMMIT. When the reader is gone, the work is
    committed."""
    engine = create_engine(database_url, connect_args={"timeout": 0})
    journal = make(engine)
    reader = sqlite3.connect(engine.url.database or "", check_same_thread=False)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM init_journal").fetchone()
    with session(engine) as connection:
        begin(connection)
        append(journal, connection)
        with pytest.raises(sqlite3.OperationalError):
            driver(connection).commit()
        timer = threading.Timer(0.1, reader.close)
        timer.start()
        commit(connection)
        timer.join()
        assert journal.head(connection).seq == 2


@ON_SQLITE
def test_a_commit_that_stays_busy_keeps_its_transaction(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its time limit it raises SQLITE_BUSY, and the work can be rolled back."""
    monkeypatch.setattr("initdb.events.sqlite.COMMIT_PATIENCE", 0.05)
    engine = create_engine(database_url, connect_args={"timeout": 0})
    journal = make(engine)
    reader = sqlite3.connect(engine.url.database or "")
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM init_journal").fetchone()
    with session(engine) as connection:
        begin(connection)
        append(journal, connection)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            commit(connection)
        rollback(connection)
        reader.close()
        assert journal.head(connection).seq == 1


@ON_SQLITE
def test_a_unit_that_sqlite_rolled_back_is_not_journaled(engine: Engine) -> None:
    """OR ROLLBACK ends the transaction. If the code goes on, there must be no event for the lost work."""
    journal = make(engine)
    with session(engine) as connection:
        begin(connection)
        connection.exec_driver_sql("CREATE TABLE t (n UNIQUE)")
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        with pytest.raises(DBAPIError):
            connection.exec_driver_sql("INSERT OR ROLLBACK INTO t VALUES (1)")
        connection.exec_driver_sql("CREATE TABLE later (n)")
        with pytest.raises(InitError) as error:
            append(journal, connection)
        assert error.value.reference == "transaction-ended"
        assert journal.head(connection).seq == 1


@pytest.mark.parametrize("how", ["by the facade", "by the driver", "rolled back"])
def test_a_unit_that_ended_itself_is_not_journaled(engine: Engine, how: str) -> None:
    """Code that commits or rolls back our transaction gets no event, whatever it does next."""
    journal = make(engine)
    with session(engine) as connection:
        begin(connection)
        head = journal.lock_head(connection)
        connection.exec_driver_sql("CREATE TABLE t (n integer)")
        if how == "by the facade":
            connection.commit()
        elif how == "by the driver":
            driver(connection).commit()
        else:
            driver(connection).rollback()
        connection.exec_driver_sql("CREATE TABLE later (n integer)")
        with pytest.raises(InitError) as error:
            append(journal, connection, head=head)
        assert (error.value.reference, error.value.database) == ("transaction-ended", engine.dialect.name)
        rollback(connection)
        begin(connection)
        append(journal, connection, head=journal.lock_head(connection))
        commit(connection)


def test_savepoints_are_the_same_unit(engine: Engine) -> None:
    """They are released, rolled back, and nested."""
    journal = make(engine)
    with session(engine) as connection:
        begin(connection)
        head = journal.lock_head(connection)
        with connection.begin_nested():
            connection.exec_driver_sql("CREATE TABLE t (n integer)")
        savepoint = connection.begin_nested()
        connection.exec_driver_sql("CREATE TABLE u (n integer)")
        savepoint.rollback()
        connection.exec_driver_sql("SAVEPOINT s")
        append(journal, connection, head=head)
        commit(connection)
        assert journal.head(connection).seq == 2


@ON_SQLITE
def test_what_a_unit_left_open_is_undone_by_the_next(engine: Engine) -> None:
    """Only work that an event records may stay."""
    journal = make(engine)
    with session(engine) as connection:
        begin(connection)
        connection.exec_driver_sql("CREATE TABLE half (n)")
        begin(connection)
        append(journal, connection)
        commit(connection)
        assert not engine.dialect.has_table(connection, "half")


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory&cache=shared&uri=true",
        "sqlite:///file::memory:?cache=shared&uri=true",
    ],
)
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")
def test_a_database_in_memory_has_no_file(url: str) -> None:
    """Its URL may say so in several ways."""
    engine = create_engine(url)
    assert is_memory(engine) and database_file(engine) is None


def test_the_file_of_a_url(tmp_path: Path) -> None:
    """A path and a symbolic link to it are one file. A URI is taken apart."""
    real = tmp_path / "a b.db"
    real.touch()
    (tmp_path / "link.db").symlink_to(real)
    for url in (
        f"sqlite:///{real}",
        f"sqlite:///{tmp_path}/link.db",
        f"sqlite:///{tmp_path}/x/../link.db",
        f"sqlite:///file:{tmp_path}/a%20b.db?mode=rw&uri=true",
    ):
        assert database_file(create_engine(url)) == real, url
    given = URL.create("sqlite", database=f"file:{tmp_path}/a%20b.db?mode=rw&of=a?b", query={"uri": "true"})
    assert database_file(create_engine(given)) == real


def test_a_connection_in_memory_goes_back_as_it_was_found() -> None:
    """It is the application's only connection. It is not closed, and its driver handles transactions as
    before."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    journal = make(engine)
    with engine.connect() as application:
        dbapi = application.connection.dbapi_connection
        assert dbapi is not None and dbapi.isolation_level == ""
        application.execute(text("CREATE TABLE t (n)"))
        application.execute(text("INSERT INTO t VALUES (1)"))
        application.commit()
        assert journal.head(application).seq == 1
    with session(engine) as connection:
        assert connection.exec_driver_sql("SELECT n FROM t").scalar() == 1


def test_an_open_transaction_of_the_application_is_left_alone() -> None:
    """A database in memory has one connection, and our transaction would commit the application's. The error
    is in-transaction, and the work remains."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.connect() as application:
        application.execute(text("CREATE TABLE t (n)"))
        application.commit()
        application.execute(text("INSERT INTO t VALUES (1)"))
        with pytest.raises(InitError) as error:
            open_session(engine)
        assert (error.value.reference, error.value.database) == ("in-transaction", "sqlite")
        del error
        gc.collect()
        dbapi = application.connection.dbapi_connection
        assert dbapi is not None and dbapi.in_transaction


def test_closing_what_is_gone_is_no_error(server: PostgresServer, postgresql_url: str) -> None:
    """The server may have ended the connection, or there may be none."""
    connection = open_session(create_engine(postgresql_url))
    pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
    server.admin_execute(f"SELECT pg_terminate_backend({pid}, 5000)")
    close_session(connection)
    close_session(connection)
    close_session(None)


def test_another_database_is_named(tmp_path: Path) -> None:
    """Only SQLite and PostgreSQL are supported."""

    class Elsewhere:
        """A connection to another kind of database."""

        class dialect:
            """The dialect of that connection."""

            name = "oracle"

    with pytest.raises(InitError) as error:
        database_of(Elsewhere())  # type: ignore[arg-type]
    assert error.value.reference == "unsupported-database"
