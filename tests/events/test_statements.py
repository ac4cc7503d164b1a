"""Our statements on a driver's own connection: what is sent, what comes back, and that cursors are closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from initdb.events.statements import driver, driver_rows, is_sqlalchemy, run, savepoint


@dataclass
class Cursor:
    """A cursor that remembers its statements, and gives rows."""

    rows: list[tuple[Any, ...]]
    description: Any = ()
    error: type[BaseException] | None = None
    sent: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    closed: int = 0

    def execute(self, statement: str, values: Mapping[str, object]) -> None:
        self.sent.append((statement, values))
        if self.error:
            raise self.error

    def fetchall(self) -> Sequence[tuple[Any, ...]]:
        return self.rows

    def close(self) -> None:
        self.closed += 1


@dataclass
class Driver:
    """A driver's connection with one cursor."""

    given: Cursor

    def cursor(self) -> Cursor:
        return self.given

    def commit(self) -> None:
        """Not asked for here."""

    def rollback(self) -> None:
        """Not asked for here."""


class Sqlite(Driver):
    """A connection that looks like one of sqlite3."""


Sqlite.__module__ = "sqlite3"


@pytest.mark.parametrize(
    ("statement", "for_psycopg", "for_sqlite"),
    [
        ("SELECT 1", "SELECT 1", "SELECT 1"),
        ("SELECT :a, :b_2", "SELECT %(a)s, %(b_2)s", "SELECT :a, :b_2"),
        ("SELECT x::text, :a::int", "SELECT x::text, :a::int", "SELECT x::text, :a::int"),
        ("SELECT '50%', :a", "SELECT '50%%', %(a)s", "SELECT '50%', :a"),
        ("SELECT '\\:a', :a", "SELECT ':a', %(a)s", "SELECT ':a', :a"),
        ("SELECT a:b", "SELECT a:b", "SELECT a:b"),
        ("SELECT (:a)", "SELECT (%(a)s)", "SELECT (:a)"),
    ],
)
@pytest.mark.parametrize("made", [Driver, Sqlite])
def test_a_statement_in_the_drivers_words(
    made: type[Driver], statement: str, for_psycopg: str, for_sqlite: str
) -> None:
    """Parameters have the driver's form, and the values are passed separately."""
    cursor = Cursor([(1,)])
    assert run(made(cursor), statement, {"a": 1}) == [(1,)]
    assert cursor.sent == [(for_sqlite if made is Sqlite else for_psycopg, {"a": 1})]
    assert cursor.closed == 1


def test_without_values_there_is_an_empty_mapping() -> None:
    """Then psycopg2 reads %% as % as well."""
    for made in (Driver, Sqlite):
        cursor = Cursor([])
        run(made(cursor), "SELECT 1")
        assert cursor.sent == [("SELECT 1", {})]


def test_what_has_no_description_gives_no_rows() -> None:
    """The cursor's rows are not asked for."""
    assert run(Driver(Cursor([(1,)], description=None)), "INSERT") == []


def test_a_statement_that_fails_leaves_no_cursor() -> None:
    """This holds for every exception."""
    for ask in (run, driver_rows):
        cursor = Cursor([], error=KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            ask(Driver(cursor), "SELECT 1")
        assert cursor.closed == 1


def test_rows_as_the_driver_gives_them() -> None:
    """They are not copied, and the cursor is closed."""
    rows = [(1,), (2,)]
    cursor = Cursor(rows)
    assert driver_rows(Driver(cursor), "SELECT :a", {"a": 2}) is rows
    assert cursor.sent == [("SELECT %(a)s", {"a": 2})] and cursor.closed == 1


def test_a_savepoint_on_a_driver() -> None:
    """It is released at its end. If the block fails, it is rolled back first."""
    cursor = Cursor([], description=None)
    with savepoint(Driver(cursor)):
        run(Driver(cursor), "SELECT 1")
    with pytest.raises(KeyboardInterrupt), savepoint(Driver(cursor)):
        raise KeyboardInterrupt
    assert [statement for statement, _ in cursor.sent] == [
        "SAVEPOINT initdb_look",
        "SELECT 1",
        "RELEASE SAVEPOINT initdb_look",
        "SAVEPOINT initdb_look",
        "ROLLBACK TO SAVEPOINT initdb_look",
        "RELEASE SAVEPOINT initdb_look",
    ]


def test_a_driver_is_itself() -> None:
    """A driver's connection is not SQLAlchemy's."""
    connection = Driver(Cursor([]))
    assert driver(connection) is connection
    assert not is_sqlalchemy(connection)
