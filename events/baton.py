"""The baton: who works. It dies with its holder and says nothing about what is true."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from sqlalchemy import Connection, Engine, text

from initdb.errors import InitError
from initdb.errors.classify import is_busy, is_connection_lost
from initdb.events.head import HeadMoved
from initdb.events.journal import Journal
from initdb.events.postgresql import POSTGRESQL
from initdb.events.sessions import close_session, database_file, open_session
from initdb.events.statements import database_errors

SIDE_SUFFIX = "-initdb"
"""The baton's file beside a SQLite database."""


class Baton(Protocol):
    """Held from the start of a run that has work to its end."""

    def alive(self) -> bool:
        """Whether the connection that holds it still lives."""

    def backend(self) -> int | None:
        """PostgreSQL's process id of the holder's session; None where the holder is the process itself."""

    def release(self) -> None:
        """Give it back; never raises."""


def try_baton(engine: Engine, journal: Journal, since: tuple[int, str] | None = None) -> Baton | None:
    """The baton, or None where another process has it; waits for nobody.

    `since`: on PostgreSQL, the head (seq, hash) that the caller has seen. Raises HeadMoved where that has
    changed.
    """
    if engine.dialect.name == "postgresql":
        return _PostgresBaton.take(engine, journal, since)
    file = database_file(engine)
    return _FileBaton.take(file) if file else _NoBaton()


class _NoBaton:
    """A database in memory has one process."""

    def alive(self) -> bool:
        return True

    def backend(self) -> int | None:
        return None

    def release(self) -> None:
        pass


class _PostgresBaton:
    """A transaction-scoped advisory lock in an idle READ COMMITTED transaction: no snapshot, no xid."""

    def __init__(self, connection: Connection, pid: int) -> None:
        self._connection, self._pid = connection, pid

    @classmethod
    def take(cls, engine: Engine, journal: Journal, since: tuple[int, str] | None) -> _PostgresBaton | None:
        connection = open_session(engine)
        with contextlib.ExitStack() as undo:
            undo.callback(close_session, connection)
            if since is not None:
                head = journal.head(connection)
                if (head.seq, head.hash) != since:
                    raise HeadMoved
            taken, pid = connection.execute(
                text("SELECT pg_try_advisory_xact_lock(:key), pg_backend_pid()"),
                {"key": journal.key("baton")},
            ).one()
            if not taken:
                return None
            # A utility statement after the lock ends the portal's snapshot that some drivers keep open.
            for name, value in sorted(POSTGRESQL.settings(connection).items()):
                connection.exec_driver_sql(f"SET LOCAL {name} = '{value}'")
            undo.pop_all()
        return cls(connection, pid)

    def alive(self) -> bool:
        if self._connection.invalidated:
            return False
        try:
            self._connection.exec_driver_sql("SET LOCAL application_name = 'initdb baton'")
        except database_errors(self._connection) as error:
            if is_connection_lost(error):
                return False
            raise
        return True

    def backend(self) -> int | None:
        return self._pid

    def release(self) -> None:
        close_session(self._connection)


class _FileBaton:
    """BEGIN IMMEDIATE kept open on an empty database beside the main one."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def take(cls, file: Path) -> _FileBaton | None:
        beside = file.with_name(file.name + SIDE_SUFFIX)
        try:
            with contextlib.ExitStack() as undo:
                connection = _open_side_file(file, beside)
                undo.callback(connection.close)
                connection.execute("BEGIN IMMEDIATE")
                # On a file that cannot be written BEGIN IMMEDIATE succeeds for everybody.
                if not os.access(beside, os.W_OK):
                    raise sqlite3.OperationalError("not writable by this process")
                undo.pop_all()
        except sqlite3.Error as error:
            if is_busy(error):
                return None
            full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
            reference = "disk-full" if full else "baton-unwritable"
            raise InitError(reference, f"{beside}: {error}", database="sqlite") from error
        return cls(connection)

    def alive(self) -> bool:
        return self._connection.in_transaction

    def backend(self) -> int | None:
        return None

    def release(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()


def _open_side_file(file: Path, beside: Path) -> sqlite3.Connection:
    """Open it; where there is none yet, SQLite makes it, with the mode and the owner of `file`.

    It is never opened by other means: to close it would drop this process's locks on it.
    """
    like = file.stat() if file.exists() and not beside.exists() else None
    mode = f"?modeof={quote(str(file))}" if like else ""
    connection = sqlite3.connect(
        f"file:{quote(str(beside))}{mode}",
        uri=True,
        timeout=0,
        isolation_level=None,
        check_same_thread=False,
    )
    if like:
        with contextlib.suppress(OSError):
            os.chown(beside, like.st_uid, like.st_gid)
    return connection
