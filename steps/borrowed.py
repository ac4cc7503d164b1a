"""A connection that an env.py opened, put into real transactions for our loop and given back as it was
found."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from initdb.events.journal import side


@contextlib.contextmanager
def borrowed(connection: Connection) -> Iterator[None]:
    """The facade is in one transaction to the end, the driver in none; what env.py did before is
    committed."""
    if not connection.in_transaction():
        connection.begin()
    handle = _sqlite if connection.dialect.name == "sqlite" else _postgresql
    with handle(connection, connection.connection.dbapi_connection):
        yield


@contextlib.contextmanager
def _sqlite(connection: Connection, dbapi: Any) -> Iterator[None]:
    """foreign_keys off (a batch rebuild would delete rows by cascade) before any BEGIN: inside it is
    ignored."""
    was_open = bool(dbapi.in_transaction)
    control = getattr(dbapi, "autocommit", None)
    if control in (True, False):
        dbapi.autocommit = sqlite3.LEGACY_TRANSACTION_CONTROL  # type: ignore[attr-defined,unused-ignore]
    if dbapi.in_transaction:
        side(connection).commit(connection)
    enforced = foreign_keys(connection)
    connection.info["initdb_foreign_keys"] = enforced
    _pragma(dbapi, "PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        connection.info.pop("initdb_foreign_keys", None)
        with contextlib.suppress(Exception):
            if dbapi.in_transaction:
                dbapi.rollback()
            _pragma(dbapi, f"PRAGMA foreign_keys = {'ON' if enforced else 'OFF'}")
            if control in (True, False):
                dbapi.autocommit = control
            if was_open and not dbapi.in_transaction:
                _pragma(dbapi, "BEGIN")


def _pragma(dbapi: Any, statement: str) -> None:
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
    side(connection).commit(connection)
    autocommit = dialect.detect_autocommit_setting(dbapi)
    if autocommit:
        dialect.set_isolation_level(dbapi, "READ COMMITTED")
    try:
        yield
    finally:
        with contextlib.suppress(Exception):
            side(connection).rollback(connection)
            if autocommit:
                dialect.set_isolation_level(dbapi, "AUTOCOMMIT")
