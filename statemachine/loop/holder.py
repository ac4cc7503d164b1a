"""Finds the process or the sessions that hold the baton, for the status and for a take-over."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine

from initdb.events import naming
from initdb.events.advisory import holds
from initdb.events.journal import Journal
from initdb.events.search_path import pinned
from initdb.events.sessions import database_file, session
from initdb.events.side_file import beside, is_locked
from initdb.events.statements import run
from initdb.steps.catalog.lock_holder import LockHolder
from initdb.steps.catalog.port import catalogue_of


def at_work(engine: Engine, journal: Journal) -> bool:
    """Whether a process holds the baton of a journal. No file is made.

    Args:
        engine: The engine of the database.
        journal: Its journal.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: The database cannot be asked.
    """
    if engine.dialect.name == "postgresql":
        with session(engine) as connection:
            return bool(backends(connection, journal))
    file = side_file(engine)
    return file is not None and is_locked(file)


def holders(engine: Engine, journal: Journal, key: str = "baton") -> tuple[LockHolder, ...] | None:
    """Who holds the baton, or another of the journal's advisory locks; None if that is not known.

    Raises:
        SQLAlchemyError, OSError: as the driver and the system raise them.
    """
    if engine.dialect.name == "postgresql":
        with session(engine) as connection:
            pids = backends(connection, journal, key)
            found = catalogue_of(connection).processes(pids)
            return None if pids and not found else found
    file = side_file(engine) if key == "baton" else None
    if file is None or not file.exists():
        return ()
    # Not on the road of a ready database: it brings psutil along.
    from initdb.steps.catalog.sqlite.locks import file_lock_holders

    return file_lock_holders(file) or (None if is_locked(file) else ())


def side_file(engine: Engine) -> Path | None:
    """The baton's file of a SQLite database; None if the database is in memory."""
    file = database_file(engine)
    return beside(file) if file else None


def backends(connection: Connection, journal: Journal, key: str = "baton") -> tuple[int, ...]:
    """PostgreSQL's process ids of the sessions that hold a lock of the journal, and could do the work."""
    found = holds(connection, journal, key)
    return tuple(hold.pid for hold in found if hold.counts and hold.pid is not None)


def head_lockers(connection: Connection, journal: Journal) -> tuple[int | None, ...]:
    """PostgreSQL's process ids of the sessions that have locked the head, by SELECT … FOR UPDATE.

    None for a prepared transaction.
    """
    head = f"{naming.prefix(journal.schema)}init_journal_head"
    query = (
        "SELECT pid FROM pg_locks WHERE locktype = 'relation' AND granted"
        " AND relation = to_regclass(:head) AND mode IN ('RowShareLock', 'RowExclusiveLock')"
        " AND pid <> pg_backend_pid()"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with pinned(connection):
        return tuple(row[0] for row in run(connection, query, {"head": head}))
