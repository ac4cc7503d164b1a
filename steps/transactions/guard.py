"""Refuses what a revision does to end its own transaction, before the driver or SQLite does it."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.exc import StatementError

from initdb.errors import InitError
from initdb.steps.transactions.sql_words import transaction_word

_CHANGES = frozenset(
    {
        sqlite3.SQLITE_INSERT,
        sqlite3.SQLITE_UPDATE,
        sqlite3.SQLITE_DELETE,
        sqlite3.SQLITE_ALTER_TABLE,
        sqlite3.SQLITE_REINDEX,
        sqlite3.SQLITE_ANALYZE,
    }
)
"""The actions of a statement that changes the file. CREATE and DROP write sqlite_schema, which is one."""

_DENIED = frozenset({sqlite3.SQLITE_AUTH, sqlite3.SQLITE_SCHEMA})
"""The result codes of a statement that was refused when it was prepared, or prepared again."""


@dataclass(slots=True)
class Kept:
    """The transaction that a revision runs in.

    Attributes:
        refused: The error for the last attempt to leave it.
        free: Whether the revision is in an autocommit block, where there is no transaction to keep.
    """

    refused: InitError | None = None
    free: bool = False

    def refuse(self, what: str) -> InitError:
        """Make and keep the error for an attempt to leave the transaction."""
        self.refused = InitError("revision-committed-itself", f"It asked for: {what}")
        return self.refused


@contextlib.contextmanager
def kept_transaction(connection: Connection) -> Iterator[Kept]:
    """Refuse commit, rollback and begin while a revision runs.

    A Session's commit does not reach SQLAlchemy's outer transaction, and passes. On SQLite the authorizer
    also refuses what SQLAlchemy cannot see: executescript() and the driver's own commit().

    Raises:
        InitError: `revision-committed-itself`, from the line that asks for it.
    """
    kept = Kept()
    with _facade_kept(connection, kept), _driver_kept(connection, kept) as authorized:
        try:
            yield kept
        except sqlite3.DatabaseError as error:
            _refused_by_sqlite(error, kept)
            raise
        except StatementError as error:
            if authorized and isinstance(error.orig, sqlite3.DatabaseError):
                _refused_by_sqlite(error.orig, kept)
            raise


def _refused_by_sqlite(error: sqlite3.DatabaseError, kept: Kept) -> None:
    if kept.refused is not None and error.sqlite_errorcode in _DENIED:
        raise kept.refused.with_traceback(error.__traceback__) from error


@contextlib.contextmanager
def _facade_kept(connection: Connection, kept: Kept) -> Iterator[None]:
    def on_commit(conn: Connection) -> None:
        raise kept.refuse("commit()")

    def on_rollback(conn: Connection) -> None:
        if not _cleaning_up():
            raise kept.refuse("rollback()")

    def on_statement(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not kept.free and (word := transaction_word(statement, connection.dialect.name)):
            raise kept.refuse(word)

    listeners = (("commit", on_commit), ("rollback", on_rollback), ("before_cursor_execute", on_statement))
    for name, listener in listeners:
        event.listen(connection, name, listener)
    try:
        yield
    finally:
        for name, listener in listeners:
            event.remove(connection, name, listener)


@contextlib.contextmanager
def _driver_kept(connection: Connection, kept: Kept) -> Iterator[bool]:
    """Ask SQLite to refuse too, and yield whether it does: https://sqlite.org/c3ref/set_authorizer.html."""
    dbapi: Any = connection.connection.dbapi_connection
    if not isinstance(dbapi, sqlite3.Connection):
        yield False
        return

    def authorize(action: int, argument: str | None, *rest: Any) -> int:
        if kept.free:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_TRANSACTION:
            if argument == "ROLLBACK" and _cleaning_up():
                return sqlite3.SQLITE_OK
            kept.refuse(argument or "COMMIT")
            return sqlite3.SQLITE_DENY
        if action in _CHANGES and not dbapi.in_transaction:
            kept.refuse("work after a rollback")
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    dbapi.set_authorizer(authorize)
    try:
        yield True
    finally:
        dbapi.set_authorizer(None)


def _cleaning_up() -> bool:
    """Whether an exception is being handled. Then a rollback is only its consequence."""
    return sys.exc_info()[1] is not None
