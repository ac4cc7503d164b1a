"""Borrows a connection that an env.py opened, for initdb's own transactions, and restores its settings."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from initdb.events.database import database_of
from initdb.events.sqlite import SQLITE
from initdb.events.statements import database_errors


@contextlib.contextmanager
def borrowed(connection: Connection) -> Iterator[None]:
    """Commit what env.py did before, and give the connection back with its old settings.

    In the block SQLAlchemy is in one transaction to the end. The driver is in none, so that each unit begins
    its own.
    """
    handle = _sqlite if connection.dialect.name == "sqlite" else _postgresql
    with handle(connection, connection.connection.dbapi_connection):
        yield


@contextlib.contextmanager
def _facade(connection: Connection) -> Iterator[None]:
    """SQLAlchemy's transaction: env.py's own, or one for the length of the block."""
    begun = None if connection.in_transaction() else connection.begin()
    try:
        yield
    finally:
        if begun is not None and begun.is_active:
            with contextlib.suppress(*database_errors(connection)):
                begun.rollback()


@contextlib.contextmanager
def _sqlite(connection: Connection, dbapi: Any) -> Iterator[None]:
    """Turn foreign_keys off before any BEGIN, since it is ignored inside a transaction.

    With foreign_keys on, a batch rebuild would delete rows by cascade.
    """
    was_open = SQLITE.in_transaction(dbapi)
    control = getattr(dbapi, "autocommit", None)
    if control in (True, False):
        dbapi.autocommit = sqlite3.LEGACY_TRANSACTION_CONTROL  # type: ignore[attr-defined,unused-ignore]
    enforced, level = False, SQLITE.synchronous(dbapi)
    try:
        with _facade(connection):
            # An event listener of the engine may have sent a BEGIN just now.
            if SQLITE.in_transaction(dbapi):
                database_of(connection).commit(connection)
            enforced = foreign_keys(connection)
            connection.info["initdb_foreign_keys"] = enforced
            _run(dbapi, "PRAGMA foreign_keys = OFF")
            try:
                yield
            finally:
                with contextlib.suppress(*database_errors(connection)):
                    database_of(connection).rollback(connection)
    finally:
        connection.info.pop("initdb_foreign_keys", None)
        with contextlib.suppress(*database_errors(connection)):
            _run(dbapi, f"PRAGMA foreign_keys = {'ON' if enforced else 'OFF'}")
            # If it was lower than initdb needs, each unit has raised it.
            _run(dbapi, f"PRAGMA synchronous = {level}")
            if control in (True, False):
                dbapi.autocommit = control
            if was_open and not SQLITE.in_transaction(dbapi):
                _run(dbapi, "BEGIN")


def _run(dbapi: Any, statement: str) -> None:
    cursor = dbapi.cursor()
    try:
        cursor.execute(statement)
    finally:
        cursor.close()


def foreign_keys(connection: Connection) -> bool:
    """Whether this connection enforces foreign keys."""
    return bool(connection.exec_driver_sql("PRAGMA foreign_keys").scalar())


@contextlib.contextmanager
def _postgresql(connection: Connection, dbapi: Any) -> Iterator[None]:
    dialect = connection.dialect
    with _facade(connection):
        database_of(connection).commit(connection)
        autocommit = bool(dbapi.autocommit)
        if autocommit:
            dialect.set_isolation_level(dbapi, "READ COMMITTED")
        try:
            yield
        finally:
            with contextlib.suppress(*database_errors(connection)):
                database_of(connection).rollback(connection)
                if autocommit:
                    dialect.set_isolation_level(dbapi, "AUTOCOMMIT")
