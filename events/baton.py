"""The baton: the lock of the process that works. It ends with its holder, and is no fact of the database."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, text

from initdb.errors.classify import is_connection_lost
from initdb.events.advisory import holds, keys
from initdb.events.head import HeadMoved
from initdb.events.journal import Journal
from initdb.events.postgresql import LIMITS_WAITING, POSTGRESQL
from initdb.events.sessions import close_session, database_file, open_session
from initdb.events.side_file import SideLock, lock_beside
from initdb.events.statements import database_errors


class Baton(Protocol):
    """The lock of the process that works, from the start of its run to the end."""

    def alive(self) -> bool:
        """Whether the connection that holds the lock still lives."""

    def backend(self) -> int | None:
        """PostgreSQL's process id of the session that holds the lock; None on SQLite."""

    def release(self) -> None:
        """Release the lock. It never raises."""


def try_baton(engine: Engine, journal: Journal, since: tuple[int, str] | None = None) -> Baton | None:
    """Take the baton without waiting for it.

    Args:
        engine: The engine whose database is worked on.
        journal: The journal of that database.
        since: On PostgreSQL, the seq and hash of the head that the caller has seen. If the head has moved
            since, there is something to look at first.

    Returns:
        The baton; None if another process has it.

    Raises:
        HeadMoved: The head is not `since`.
        InitError: "side-file-refused", "baton-unwritable" or "disk-full": the side file of a SQLite database
            cannot be locked.
        sqlalchemy.exc.SQLAlchemyError: The database cannot be reached.
    """
    if engine.dialect.name == "postgresql":
        return _PostgresBaton.take(engine, journal, since)
    file = database_file(engine)
    return _FileBaton.take(file) if file else _NoBaton()


class _NoBaton:
    """The baton of a database in memory, which only one process can use."""

    def alive(self) -> bool:
        return True

    def backend(self) -> int | None:
        return None

    def release(self) -> None:
        pass


class _PostgresBaton:
    """An advisory lock of an idle transaction. In READ COMMITTED it has no snapshot and no transaction id."""

    def __init__(self, connection: Connection, pid: int) -> None:
        self._connection, self._pid = connection, pid

    @classmethod
    def take(cls, engine: Engine, journal: Journal, since: tuple[int, str] | None) -> _PostgresBaton | None:
        connection = open_session(engine)
        with contextlib.ExitStack() as undo:
            undo.callback(close_session, connection)
            taken, pid = _taken(connection, journal)
            if since is not None:
                # A savepoint that is rolled back gives up the lock of this read. Else the baton kept it for
                # the whole run, and a revision that drops the journal waited for it, instead of being told.
                reading = connection.begin_nested()
                head = journal.head(connection)
                reading.rollback()
                if (head.seq, head.hash) != since:
                    raise HeadMoved(None if taken else (head.seq, head.hash))
            if not taken:
                return None
            # Some drivers leave the query's portal open, with its snapshot. A utility statement ends that.
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


def _taken(connection: Connection, journal: Journal) -> tuple[bool, int]:
    """Whether a key of the baton is taken now, and the session's process id.

    If strangers hold all keys, there is no baton: the head of the journal still lets only one write.
    """
    lock = text(
        "SELECT pg_catalog.pg_try_advisory_xact_lock(:key), pg_catalog.pg_backend_pid(), " + LIMITS_WAITING
    )
    for place, key in enumerate(keys(journal, "baton"), start=1):
        taken, pid, _ = connection.execute(lock, {"key": key}).one()
        if taken:
            return True, pid
        if any(hold.counts for hold in holds(connection, journal, "baton") if hold.place >= place):
            return False, pid
    return True, pid


class _FileBaton:
    """The lock on the side file."""

    def __init__(self, lock: SideLock) -> None:
        self._lock = lock

    @classmethod
    def take(cls, file: Path) -> _FileBaton | None:
        lock = lock_beside(file)
        return cls(lock) if lock is not None else None

    def alive(self) -> bool:
        return self._lock.alive()

    def backend(self) -> int | None:
        return None

    def release(self) -> None:
        self._lock.release()
