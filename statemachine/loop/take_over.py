"""Takes the baton from a process that hangs: ends its sessions (PostgreSQL) or the process (SQLite)."""

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
from initdb.errors.safe import safe_text
from initdb.events.clock import Clock
from initdb.events.journal import Journal
from initdb.events.knowledge import RunRecord
from initdb.events.sessions import session
from initdb.statemachine.loop.holder import backends, head_lockers, is_locked, side_file

GRACE = 5.0
"""How long, in s, a process may take to end its run in order before it is killed."""

PATIENCE = 10.0
"""How long, in s, ended sessions may take to be gone."""

_ROUNDING = timedelta(seconds=2)
"""Linux counts a process's age from the boot of the machine, which it tells in whole seconds."""


def take_over(
    engine: Engine, journal: Journal, run: RunRecord | None, clock: Clock, grace: float = GRACE
) -> tuple[str, ...]:
    """End whoever holds the baton, and say what was ended; nothing where nobody holds it.

    `run`: the last run of the journal. Raises InitError("take-over-refused") where it is not certain whom
    that would end, or where this process may not.
    """
    if engine.dialect.name == "postgresql":
        with session(engine) as connection:
            return _end_sessions(connection, journal, clock)
    file = side_file(engine)
    if file is None or not is_locked(file):
        return ()
    return _end_process(file, run, clock, grace)


def _end_sessions(connection: Connection, journal: Journal, clock: Clock) -> tuple[str, ...]:
    """By the locks that they hold now, not by the ids of the journal: an id may be somebody else's by now."""
    victims = _lockers(connection, journal) if backends(connection, journal) else ()
    for pid in victims:
        try:
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        except DBAPIError as error:
            said = safe_text(str(error.orig).strip())
            raise _refused(f"session {pid}: {said}", database="postgresql") from error
    # By their locks again: pg_stat_activity would show the same picture until this transaction ends.
    if not _until(lambda: not {*victims} & {*_lockers(connection, journal)}, clock, PATIENCE):
        raise _refused("the sessions were told to end, but have not", database="postgresql")
    return tuple(f"session {pid}" for pid in victims)


def _lockers(connection: Connection, journal: Journal) -> tuple[int, ...]:
    """The sessions of a run: the baton's, and that of the unit of work that is open."""
    return tuple(dict.fromkeys((*backends(connection, journal), *head_lockers(connection, journal))))


def _end_process(file: Path, run: RunRecord | None, clock: Clock, grace: float) -> tuple[str, ...]:
    process = _certain(file, run)
    for signum, limit in ((signal.SIGTERM, grace), (signal.SIGKILL, PATIENCE)):
        try:
            process.send_signal(signum)  # not to another process that has the number by now
        except psutil.NoSuchProcess:
            pass
        except psutil.AccessDenied as error:
            raise _not_ours(process.pid) from error
        if _until(lambda: not is_locked(file), clock, limit):
            return (f"process {process.pid} ({signum.name})",)
    raise _refused(f"process {process.pid} was killed, but somebody still holds {file}", database="sqlite")


def _certain(file: Path, run: RunRecord | None) -> psutil.Process:
    """The process that the last run names, if it is on this host and the one that holds the file."""
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
    """The process of that number, if it has the file open and is not younger than its run's first event."""
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
