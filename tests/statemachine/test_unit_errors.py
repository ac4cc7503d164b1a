"""Which error of a unit is raised if its step caught one, and failed later for another reason."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, InternalError, OperationalError, ProgrammingError

from initdb.errors import InitError, files
from initdb.events.head import HeadMoved
from initdb.events.sessions import session
from initdb.statemachine.loop import unit_errors
from initdb.statemachine.loop.signals import Stopped
from initdb.statemachine.loop.unit_errors import first_error
from tests.events.journals import begin, commit, rollback

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A session in an open transaction, and a table with a row."""
    with session(engine) as opened:
        begin(opened)
        opened.exec_driver_sql("CREATE TABLE t (n INTEGER PRIMARY KEY)")
        opened.exec_driver_sql("INSERT INTO t VALUES (1)")
        commit(opened)
        begin(opened)
        yield opened


def _passed_over(connection: Connection, statement: str) -> DBAPIError:
    """The error of a statement of a step, which the step catches."""
    with pytest.raises(DBAPIError) as error:
        connection.exec_driver_sql(statement)
    return error.value


def test_without_an_error_nothing_is_raised(connection: Connection) -> None:
    """The engine has no listener left."""
    with first_error(connection):
        connection.exec_driver_sql("INSERT INTO t VALUES (2)")
    assert not list(connection.dialect.dispatch.handle_error)


@pytest.mark.parametrize("error", [HeadMoved(), Stopped(15), KeyboardInterrupt()])
def test_what_is_the_loops_own_passes(connection: Connection, error: BaseException) -> None:
    """It passes even after an error that broke the transaction."""
    with pytest.raises(type(error)) as raised, first_error(connection):
        _passed_over(connection, "SELECT nothing FROM nowhere")
        raise error
    assert raised.value is error
    assert not list(connection.dialect.dispatch.handle_error)


def test_an_error_that_lasts_is_not_told_in_place_of_another(connection: Connection) -> None:
    """A step that failed for its own reason failed for that."""
    with pytest.raises(ValueError, match="mine"), first_error(connection):
        _passed_over(connection, "SELECT nothing FROM nowhere")
        raise ValueError("mine")


@ON_SQLITE
@pytest.mark.parametrize("passes", [True, False])
def test_an_error_with_which_sqlite_rolled_back(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, passes: bool
) -> None:
    """If it can pass by itself, it is raised, caused by the step's later error."""
    monkeypatch.setattr(unit_errors, "is_passing", lambda error: passes)
    with pytest.raises(DBAPIError if passes else ValueError) as error, first_error(connection):
        broken = _passed_over(connection, "INSERT OR ROLLBACK INTO t VALUES (1)")
        raise ValueError("the rows are gone")
    assert (error.value is broken) == passes
    assert isinstance(error.value.__cause__, ValueError) == passes


@pytest.mark.parametrize("how", ["from", "while"])
@ON_SQLITE
def test_an_error_of_the_steps_own_because_of_a_full_disk(connection: Connection, how: str) -> None:
    """The full disk may be deep in the chain of causes."""
    with pytest.raises(OperationalError, match="full"), first_error(connection):
        try:
            try:
                connection.exec_driver_sql("PRAGMA max_page_count = 4")
                connection.exec_driver_sql("CREATE TABLE big AS SELECT zeroblob(100000) AS content")
            except DBAPIError as error:
                rollback(connection)
                begin(connection)
                if how == "from":
                    raise KeyError from error
                raise KeyError from None
        except KeyError as error:
            raise ValueError from error


@pytest.mark.parametrize(("room", "code"), [(0, 14), (9, 14), (0, 1)])
def test_a_file_that_sqlite_cannot_open_for_want_of_room(
    engine: Engine, connection: Connection, monkeypatch: pytest.MonkeyPatch, room: int, code: int
) -> None:
    """SQLite only says that it cannot open the file. The file system says whether it is full."""
    cause = sqlite3.OperationalError("unable to open database file")
    cause.sqlite_errorcode = code
    file: list[object] = []

    def is_full(path: Path) -> bool:
        file.append(path)
        return room == 0

    monkeypatch.setattr(files, "is_disk_full", is_full)
    is_sqlite = engine.dialect.name == "sqlite"
    full = is_sqlite and room == 0 and code == sqlite3.SQLITE_CANTOPEN
    with pytest.raises(InitError if full else ValueError) as error, first_error(connection):
        raise ValueError("the rows are not there") from cause
    if full:
        assert isinstance(error.value, InitError)
        assert (error.value.reference, error.value.database) == ("disk-full", "sqlite")
        assert error.value.__cause__ is not None
    assert set(file) == ({Path(str(engine.url.database))} if is_sqlite and code != 1 else set())


@ON_SQLITE
def test_an_error_that_left_the_transaction_open_did_not_break_it(connection: Connection) -> None:
    """SQLite rolled back only the statement."""
    with pytest.raises(ValueError), first_error(connection):
        _passed_over(connection, "INSERT INTO t VALUES (1)")
        raise ValueError


@ON_SQLITE
def test_the_first_error_that_ended_the_transaction_counts(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later errors happen outside a transaction."""
    monkeypatch.setattr(unit_errors, "is_passing", lambda error: True)
    with pytest.raises(DBAPIError) as error, first_error(connection):
        first = _passed_over(connection, "INSERT OR ROLLBACK INTO t VALUES (1)")
        _passed_over(connection, "INSERT OR ROLLBACK INTO t VALUES (1)")
        raise ValueError
    assert error.value is first


def test_the_error_of_another_connection_is_not_ours(
    engine: Engine, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a connection of the same engine."""
    monkeypatch.setattr(unit_errors, "is_passing", lambda error: True)
    monkeypatch.setattr(unit_errors, "FAILED_TRANSACTION", None)
    with engine.connect() as other, pytest.raises(ValueError), first_error(connection):
        _passed_over(other, "SELECT nothing FROM nowhere")
        raise ValueError


@ON_POSTGRESQL
def test_a_lock_that_a_step_did_not_get_and_passed_over(engine: Engine, connection: Connection) -> None:
    """The step failed because of it, and may be retried."""
    with engine.connect() as holder:
        holder.exec_driver_sql("LOCK TABLE t")
        with pytest.raises(OperationalError) as error, first_error(connection):
            connection.exec_driver_sql("SET LOCAL lock_timeout = '20ms'")
            locked = _passed_over(connection, "SELECT * FROM t")
            _passed_over(connection, "SELECT 1")
            connection.exec_driver_sql("SELECT 2")
        assert error.value is locked
        assert isinstance(error.value.__cause__, InternalError)


@ON_POSTGRESQL
def test_of_several_errors_the_last_that_was_no_answer_to_another_counts(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Savepoints have undone the ones before it."""
    monkeypatch.setattr(unit_errors, "is_passing", lambda error: True)
    with pytest.raises(DBAPIError) as error, first_error(connection):
        with pytest.raises(ProgrammingError), connection.begin_nested():
            connection.exec_driver_sql("SELECT nothing FROM nowhere")
        last = _passed_over(connection, "SELECT nothing FROM elsewhere")
        connection.exec_driver_sql("SELECT 2")
    assert error.value is last


@ON_POSTGRESQL
def test_an_error_that_lasts_is_answered_as_postgresql_answers(connection: Connection) -> None:
    """It is not retried, so the step's last error is raised."""
    with pytest.raises(InternalError), first_error(connection):
        _passed_over(connection, "SELECT nothing FROM nowhere")
        connection.exec_driver_sql("SELECT 2")


@ON_POSTGRESQL
def test_a_transaction_that_goes_on_was_not_broken(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a savepoint has undone did not make the step fail."""
    monkeypatch.setattr(unit_errors, "is_passing", lambda error: True)
    with pytest.raises(ValueError), first_error(connection):
        with pytest.raises(ProgrammingError), connection.begin_nested():
            connection.exec_driver_sql("SELECT nothing FROM nowhere")
        raise ValueError


def test_a_lost_connection_is_not_what_broke_it(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a signal of its own."""
    monkeypatch.setattr(unit_errors, "is_connection_lost", lambda error: True)
    monkeypatch.setattr(unit_errors, "is_passing", lambda error: True)
    statement = "SELECT nothing FROM nowhere"
    if connection.dialect.name == "sqlite":
        statement = "INSERT OR ROLLBACK INTO t VALUES (1)"
    with pytest.raises((ValueError, InternalError)), first_error(connection):
        _passed_over(connection, statement)
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT 2")
        raise ValueError


def test_a_chain_of_errors_that_goes_in_a_circle_ends() -> None:
    """Each error is looked at once, with its cause and its context."""
    one, two, three = ValueError(1), ValueError(2), ValueError(3)
    one.__cause__, one.__context__ = two, three
    two.__context__, three.__cause__ = one, two
    assert list(unit_errors._chain(one)) == [one, two, three]
