"""Takes the baton from a process that hangs: ends its sessions on PostgreSQL, the process on SQLite."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from initdb.errors import InitError
from initdb.errors.classify import classify
from initdb.errors.safe import safe_text
from initdb.events.clock import Clock
from initdb.events.journal import Journal
from initdb.events.knowledge import RunRecord
from initdb.events.sessions import session
from initdb.events.side_file import is_locked
from initdb.statemachine.loop.holder import backends, head_lockers, side_file
from initdb.steps.catalog.port import catalogue_of

GRACE = 5.0
"""How many seconds a process has to end its run in order before it is killed."""

PATIENCE = 10.0
"""How many seconds to wait until ended sessions, or a killed process, have released the baton."""

_ROUNDING = timedelta(seconds=2)
"""How exact a process's age is: Linux counts from the boot of the machine, in whole seconds."""


def take_over(
    engine: Engine, journal: Journal, run: RunRecord | None, clock: Clock, grace: float = GRACE
) -> tuple[str, ...]:
    """End the process that holds the baton, or its sessions.

    Args:
        engine: The engine of the database.
        journal: Its journal.
        run: The last run of the journal. On SQLite it names the process.
        clock: The clock to wait by.
        grace: How many seconds the process has to end its run in order before it is killed.

    Returns:
        What was ended, in words; nothing if no process holds the baton.

    Raises:
        InitError: "take-over-refused": it is not certain which process that would end, or this process may
            not end it.
    """
    if engine.dialect.name == "postgresql":
        with session(engine) as connection:
            return _end_sessions(connection, journal, clock)
    file = side_file(engine)
    if file is None or not is_locked(file):
        return ()
    return _end_process(file, run, clock, grace)


def _end_sessions(connection: Connection, journal: Journal, clock: Clock) -> tuple[str, ...]:
    """End the sessions that hold the locks now. The journal's ids may be those of other sessions by now."""
    victims = _lockers(connection, journal) if backends(connection, journal) else ()
    if None in victims:
        found = ", ".join(one.who() for one in catalogue_of(connection).prepared())
        raise _refused(f"no process holds the lock, but {found}", database="postgresql")
    for pid in victims:
        try:
            connection.execute(text("SELECT pg_catalog.pg_terminate_backend(:pid)"), {"pid": pid})
        except DBAPIError as error:
            refused = classify(error, doing="journal", database="postgresql")
            raise _refused(f"session {pid}: {refused.context[0]}", database="postgresql") from error
    # Their locks are asked for again: pg_stat_activity does not change until this transaction ends.
    if not _until(lambda: not {*victims} & {*_lockers(connection, journal)}, clock, PATIENCE):
        raise _refused("the sessions were told to end, but have not", database="postgresql")
    return tuple(f"session {pid}" for pid in victims)


def _lockers(connection: Connection, journal: Journal) -> tuple[int | None, ...]:
    """The sessions of a run: the one that holds the baton, and the one that has locked the head."""
    return tuple(dict.fromkeys((*backends(connection, journal), *head_lockers(connection, journal))))


def _end_process(file: Path, run: RunRecord | None, clock: Clock, grace: float) -> tuple[str, ...]:
    process = _certain(file, run)
    for signum, limit in ((signal.SIGTERM, grace), (signal.SIGKILL, PATIENCE)):
        try:
            process.send_signal(signum)  # psutil refuses it if the id is another process's by now
        except psutil.NoSuchProcess:
            pass
        except psutil.AccessDenied as error:
            raise _not_ours(process.pid) from error
        if _until(lambda: not is_locked(file), clock, limit):
            return (f"process {process.pid} ({signum.name})",)
    raise _refused(f"process {process.pid} was killed, but somebody still holds {file}", database="sqlite")


def _certain(file: Path, run: RunRecord | None) -> psutil.Process:
    """The process of the last run. It is refused if it is on another host, or does not hold the file."""
    pid, host = (run.by.get("pid"), run.by.get("host")) if run else (None, None)
    if run is None or not isinstance(pid, int) or pid <= 1:
        raise _refused("the journal does not say who holds the baton", database="sqlite")
    if host != socket.gethostname():
        raise _refused(
            f"the process at work runs on {safe_text(host)}, this is {socket.gethostname()}",
            database="sqlite",
        )
    found = None if pid == os.getpid() else _holder(pid, file, run)
    if found is None:
        raise _refused(f"process {pid} is not the one that holds {file} any more", database="sqlite")
    return found


def _holder(pid: int, file: Path, run: RunRecord) -> psutil.Process | None:
    """The process with an id, if it has the file open and is not younger than the run's first event."""
    try:
        process = psutil.Process(pid)
        began = datetime.fromtimestamp(process.create_time(), UTC)
        if began - _ROUNDING > datetime.fromisoformat(run.at):
            return None
        holds = any(Path(opened.path) == file.resolve() for opened in process.open_files())
    except psutil.AccessDenied as error:
        raise _not_ours(pid) from error
    except psutil.NoSuchProcess:
        return None
    return process if holds else None


def _until(holds: Callable[[], bool], clock: Clock, limit: float) -> bool:
    end = clock.monotonic() + limit
    while not holds():
        if clock.monotonic() > end:
            return False
        clock.sleep(0.05)
    return True


def _not_ours(pid: int) -> InitError:
    return _refused(
        f"the system does not let this user look into process {pid}, or end it", database="sqlite"
    )


def _refused(why: str, *, database: str) -> InitError:
    return InitError("take-over-refused", why, database=database)
