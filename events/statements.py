"""Runs our own statements on one connection: SQLAlchemy's, or a driver's own.

Nothing here imports SQLAlchemy: a look at a ready database may do without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

from initdb.events.undo import on_error

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from typing_extensions import TypeIs

Row: TypeAlias = Sequence[Any]
"""One row of an answer: the values that the driver gives, in the order of the statement."""


class Cursor(Protocol):
    """What our statements need of a driver's cursor (PEP 249)."""

    @property
    def description(self) -> object:
        """None where the statement gives no rows."""

    def execute(self, statement: str, values: Mapping[str, object] = ..., /) -> object:
        """Run one statement."""

    def fetchone(self) -> Row | None:
        """The next row; None if there is none."""

    def fetchall(self) -> Sequence[Row]:
        """The rows that are left."""

    def fetchmany(self, size: int, /) -> Sequence[Row]:
        """At most `size` rows more."""

    def close(self) -> object:
        """Give the cursor back."""


@runtime_checkable
class DriverConnection(Protocol):
    """What our statements need of a driver's connection (PEP 249)."""

    def cursor(self) -> Cursor:
        """A new cursor."""

    def commit(self) -> object:
        """COMMIT."""

    def rollback(self) -> object:
        """ROLLBACK."""


AnyConnection: TypeAlias = "Connection | DriverConnection"
"""A connection of either kind."""

BATCH = 500
"""How many rows a driver is asked for at once."""

_BIND = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
"""A bind as SQLAlchemy's text() takes it: `:name`, but neither `::type` nor an escaped colon."""


def run(connection: AnyConnection, statement: str, values: Mapping[str, object] | None = None) -> list[Row]:
    """Run one statement and give all its rows; none where it gives none.

    Args:
        connection: SQLAlchemy's Connection, or a connection of sqlite3, psycopg2 or psycopg.
        statement: SQL as SQLAlchemy's text() takes it: `:name` is a value, a literal colon is `\\:`.
        values: name → value.

    Raises:
        sqlalchemy.exc.DBAPIError: on SQLAlchemy's Connection, what the driver raised.
        Exception: on a driver's connection, what it raises itself.
    """
    if is_sqlalchemy(connection):
        from sqlalchemy import text

        result = connection.execute(text(statement), values or {})
        return [tuple(row) for row in result] if result.returns_rows else []
    cursor = _executed(connection, statement, values)
    try:
        return list(cursor.fetchall()) if cursor.description is not None else []
    finally:
        cursor.close()


def stream(
    connection: AnyConnection, statement: str, values: Mapping[str, object] | None = None
) -> Iterator[Row]:
    """As `run`, but the rows one after the other, as far as the driver does not fetch them all at once."""
    if is_sqlalchemy(connection):
        from sqlalchemy import text

        yield from connection.execute(text(statement), values or {})
        return
    cursor = _executed(connection, statement, values)
    try:
        while rows := cursor.fetchmany(BATCH):
            yield from rows
    finally:
        cursor.close()


@contextmanager
def savepoint(connection: AnyConnection) -> Iterator[None]:
    """What fails inside the block is undone alone; the transaction around it lives on."""
    if is_sqlalchemy(connection):
        with connection.begin_nested():
            yield
        return
    run(connection, "SAVEPOINT initdb_look")
    with ExitStack() as stack:
        stack.callback(run, connection, "RELEASE SAVEPOINT initdb_look")
        with on_error(run, connection, "ROLLBACK TO SAVEPOINT initdb_look"):
            yield


def _executed(connection: DriverConnection, statement: str, values: Mapping[str, object] | None) -> Cursor:
    cursor = connection.cursor()
    with on_error(cursor.close):
        if type(connection).__module__.startswith("sqlite3"):
            cursor.execute(statement.replace("\\:", ":"), dict(values or {}))
        else:
            # With an empty mapping psycopg2 still reads % as the beginning of a bind.
            cursor.execute(_for_psycopg(statement), dict(values or {}))
    return cursor


def _for_psycopg(statement: str) -> str:
    return _BIND.sub(r"%(\1)s", statement.replace("%", "%%")).replace("\\:", ":")


def database_errors(connection: AnyConnection) -> tuple[type[Exception], ...]:
    """The classes of what our statements on a connection can raise: for an `except`.

    They are the driver's Error and, on SQLAlchemy's Connection, what it wraps it in. An OSError is what
    asyncpg raises for some lost connections.

    Example:
        >>> import sqlite3
        >>> connection = sqlite3.connect(":memory:")
        >>> try:
        ...     run(connection, "SELECT * FROM roles")
        ... except database_errors(connection) as error:
        ...     print(error)
        no such table: roles
    """
    if is_sqlalchemy(connection):
        from sqlalchemy.exc import SQLAlchemyError

        return (SQLAlchemyError, connection.dialect.loaded_dbapi.Error, OSError)
    return (driver(connection).Error, OSError)


def is_sqlalchemy(connection: AnyConnection) -> TypeIs[Connection]:
    """Whether it is SQLAlchemy's Connection, told without importing SQLAlchemy."""
    return hasattr(connection, "exec_driver_sql")


def driver(connection: AnyConnection) -> Any:
    """The driver's connection below SQLAlchemy's; a driver's own is itself."""
    return connection.connection.dbapi_connection if is_sqlalchemy(connection) else connection
