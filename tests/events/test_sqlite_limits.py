"""SQLite's part of the journal at its limits: what a session sets and puts back, and how a COMMIT ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine

from initdb.errors import InitError
from initdb.events import sqlite
from initdb.events.sessions import open_session, session
from initdb.events.sqlite import SQLITE, SQLite
from tests.events.journals import make
from tests.support.guards import change

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def raw(database_url: str) -> Iterator[sqlite3.Connection]:
    """A connection of the driver."""
    connection = sqlite3.connect(str(create_engine(database_url).url.database))
    yield connection
    connection.close()


def _pragmas(raw: sqlite3.Connection) -> tuple[int, int, str | None]:
    one, other = (raw.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "busy_timeout"))
    return one, other, raw.isolation_level


@pytest.mark.parametrize("level", [0, 1, 2])
def test_what_a_session_sets_is_put_back(raw: sqlite3.Connection, level: int) -> None:
    """It waits for a second at most, a COMMIT is on the disk, and transactions are begun by statements."""
    raw.execute(f"PRAGMA synchronous = {level}")
    raw.execute("PRAGMA busy_timeout = 7000")
    restore = SQLITE.prepare(raw)
    assert _pragmas(raw) == (3, 1000, None)
    restore()
    assert _pragmas(raw) == (level, 7000, "")
    raw.execute("PRAGMA busy_timeout = 300")
    SQLITE.prepare(raw)
    assert _pragmas(raw) == (3, 300, None)


def test_an_open_transaction_is_not_taken_over(raw: sqlite3.Connection) -> None:
    """Its work would be committed with ours."""
    raw.execute("CREATE TABLE t (n)")
    raw.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(InitError) as error:
        SQLITE.prepare(raw)
    assert (error.value.reference, error.value.database) == ("in-transaction", "sqlite")
    assert raw.in_transaction


def test_an_append_outside_a_transaction_is_refused(raw: sqlite3.Connection) -> None:
    """SQLite has rolled the unit back."""
    with pytest.raises(InitError) as error:
        SQLITE.before_append(raw)
    assert (error.value.reference, error.value.database) == ("transaction-ended", "sqlite")


def test_the_connection_of_an_asynchronous_driver_is_asked(raw: sqlite3.Connection) -> None:
    """It has one of sqlite3 below its own."""
    around: Any = SimpleNamespace(driver_connection=raw, in_transaction=None)
    raw.execute("BEGIN")
    assert SQLITE.in_transaction(around) is True
    raw.execute("ROLLBACK")
    assert SQLITE.in_transaction(around) is False


def _failing(monkeypatch: pytest.MonkeyPatch, code: int, times: int) -> list[float]:
    """COMMIT fails so often. Gives the pauses, which are not slept."""
    slept: list[float] = []
    failures = iter(range(times))
    error = sqlite3.OperationalError("no such luck")
    error.sqlite_errorcode = code

    def end(*_: object) -> None:
        if next(failures, None) is not None:
            raise error

    monkeypatch.setattr(sqlite, "_end", end)
    monkeypatch.setattr(sqlite, "_sleep", slept.append)
    return slept


def test_a_busy_commit_is_tried_again(raw: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader is in its way for a moment."""
    slept = _failing(monkeypatch, sqlite3.SQLITE_BUSY, 3)
    SQLITE.commit(raw)
    assert slept == [0.01] * 3


@pytest.mark.parametrize(
    ("code", "hurried"),
    [(sqlite3.SQLITE_FULL, False), (sqlite3.SQLITE_BUSY, True), (sqlite3.SQLITE_IOERR, True)],
)
def test_a_commit_that_fails_is_not(
    raw: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, code: int, hurried: bool
) -> None:
    """Another error lasts, and a process that is to end does not wait."""
    slept = _failing(monkeypatch, code, 1)
    with pytest.raises(sqlite3.OperationalError):
        SQLITE.commit(raw, lambda: hurried)
    assert slept == []


def test_a_temporary_table_of_its_name_is_not_the_head(engine: Engine) -> None:
    """A step may make one. It would hide the table of the file."""
    journal = make(engine)
    with session(engine) as connection:
        connection.exec_driver_sql(
            "CREATE TEMP TABLE init_journal_head AS SELECT * FROM main.init_journal_head"
        )
        connection.exec_driver_sql("UPDATE temp.init_journal_head SET seq = 9")
        assert journal.head(connection).seq == journal.lock_head(connection).seq == 1


def test_each_table_has_columns_of_its_own(engine: Engine) -> None:
    """The head has a hash too."""
    journal = make(engine)
    with session(engine) as connection:
        change(connection, "ALTER TABLE init_journal RENAME COLUMN hash TO digest")
        with pytest.raises(InitError) as error:
            journal.check_tables(connection)
    assert error.value.context == ("init_journal has no hash",)


def test_where_nothing_can_be_written(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file or its folder is named. A database in memory has neither."""
    make(engine)
    closed = [tmp_path / "test.db"]
    monkeypatch.setattr(sqlite.os, "access", lambda path, mode: path not in closed)
    with session(engine) as connection:
        assert SQLITE.server(connection).read_only == f"This process may not write to {closed[0]}."
        closed[:] = [tmp_path]
        assert SQLITE.server(connection).read_only == f"This process may not write to {tmp_path}."
        closed.clear()
        assert SQLITE.server(connection).read_only == ""
    monkeypatch.setattr(sqlite.os, "access", lambda path, mode: False)
    with session(create_engine("sqlite://")) as connection:
        assert SQLITE.server(connection).read_only == ""


def test_a_session_that_cannot_be_prepared_is_closed(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is the one of the preparation."""

    def prepare(self: SQLite, connection: object) -> None:
        raise InitError("disk-full")

    monkeypatch.setattr(SQLite, "prepare", prepare)
    with pytest.raises(InitError, match="disk-full"):
        open_session(engine)


def test_what_a_session_sets_is_not_put_back_on_a_connection_that_is_closed(raw: sqlite3.Connection) -> None:
    """The end of a session must not fail because its connection has."""
    restore = SQLITE.prepare(raw)
    raw.close()
    restore()
