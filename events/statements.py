"""Runs initdb's own SQL on one connection, which is SQLAlchemy's or a driver's.

SQLAlchemy is imported only for its own connections: a look at a ready database can do without it.
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
"""One row of a result: the driver's values, in the order of the columns."""


class Cursor(Protocol):
    """The part of a driver's cursor (PEP 249) that these statements use."""

    @property
    def description(self) -> object:
        """The columns; None if the statement gives no rows."""

    def execute(self, statement: str, values: Mapping[str, object] = ..., /) -> object:
        """Run one statement."""

    def fetchone(self) -> Row | None:
        """The next row; None if there is none."""

    def fetchall(self) -> Sequence[Row]:
        """The rows that are not fetched yet."""

    def close(self) -> object:
        """Close the cursor."""


@runtime_checkable
class DriverConnection(Protocol):
    """The part of a driver's connection (PEP 249) that these statements use."""

    def cursor(self) -> Cursor:
        """A new cursor."""

    def commit(self) -> object:
        """COMMIT."""

    def rollback(self) -> object:
        """ROLLBACK."""


AnyConnection: TypeAlias = "Connection | DriverConnection"
"""SQLAlchemy's Connection, or a driver's."""

_BIND = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
"""A parameter, as SQLAlchemy's text() reads it: `:name`, but not `::type` and not an escaped colon."""


def run(connection: AnyConnection, statement: str, values: Mapping[str, object] | None = None) -> list[Row]:
    """Run one statement.

    Args:
        connection: SQLAlchemy's Connection, or a connection of sqlite3, psycopg2 or psycopg.
        statement: SQL in the form of SQLAlchemy's text(): `:name` is a parameter, any other colon is `\\:`.
        values: The values of the parameters, by name.

    Returns:
        All its rows; none if it is not a query.

    Raises:
        Exception: A class of `database_errors`.

    Example:
        >>> import sqlite3
        >>> run(sqlite3.connect(":memory:"), "SELECT :name", {"name": "admin"})
        [('admin',)]
    """
    if is_sqlalchemy(connection):
        from sqlalchemy import text

        result = connection.execute(text(statement), values or {})
        return [tuple(row) for row in result.all()] if result.returns_rows else []
    cursor = _executed(connection, statement, values)
    try:
        return list(cursor.fetchall()) if cursor.description is not None else []
    finally:
        cursor.close()


def driver_rows(
    connection: AnyConnection, statement: str, values: Mapping[str, object] | None = None
) -> Sequence[Row]:
    """Run one query, and give its rows as the driver made them: without a copy, for many rows.

    Its parameters and exceptions are those of `run`.
    """
    if is_sqlalchemy(connection):
        from sqlalchemy import text

        result = connection.execute(text(statement), values or {})
        try:
            return result.cursor.fetchall()
        finally:
            result.close()
    cursor = _executed(connection, statement, values)
    try:
        return cursor.fetchall()
    finally:
        cursor.close()


@contextmanager
def savepoint(connection: AnyConnection) -> Iterator[None]:
    """Run the block in a savepoint. If the block fails, its work is undone, and the transaction goes on."""
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
            # Even without values, psycopg2 reads % as the beginning of a parameter.
            cursor.execute(_for_psycopg(statement), dict(values or {}))
    return cursor


def _for_psycopg(statement: str) -> str:
    return _BIND.sub(r"%(\1)s", statement.replace("%", "%%")).replace("\\:", ":")


def database_errors(connection: AnyConnection) -> tuple[type[Exception], ...]:
    """The classes of exceptions that a statement on a connection can raise: for an `except`.

    They are the Error of the driver (PEP 249), that of SQLAlchemy if the connection is one of its own, and
    OSError: asyncpg raises that for some lost connections.

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
    """Whether a connection is SQLAlchemy's. The question does not import SQLAlchemy."""
    return hasattr(connection, "exec_driver_sql")


def driver(connection: AnyConnection) -> Any:
    """The driver's connection below SQLAlchemy's. A driver's connection is returned as it is."""
    return connection.connection.dbapi_connection if is_sqlalchemy(connection) else connection
