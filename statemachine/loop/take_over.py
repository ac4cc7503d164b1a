"""Takes the baton from a process that hangs: ends its sessions (PostgreSQL) or the process itself
(SQLite)."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, text

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
        except Exception as error:
            said = safe_text(str(getattr(error, "orig", error)).strip())
            raise _refused(f"session {pid}: {said}", database="postgresql") from error
    # By their locks again: pg_stat_activity would show the same picture until this transaction ends.
    if not _until(lambda: not {*victims} & {*_lockers(connection, journal)}, clock, PATIENCE):
        raise _refused("the sessions were told to end, but have not", database="postgresql")
    return tuple(f"session {pid}" for pid in victims)


def _lockers(connection: Connection, journal: Journal) -> tuple[int, ...]:
    """The sessions of a run: the baton's, and that of the unit of work that is open."""
    return tuple(dict.fromkeys((*backends(connection, journal), *head_lockers(connection, journal))))


def _end_process(file: Path, run: RunRecord | None, clock: Clock, grace: float) -> tuple[str, ...]:
    pid = _certain(file, run)
    for signum, limit in ((signal.SIGTERM, grace), (signal.SIGKILL, PATIENCE)):
        try:
            os.kill(pid, signum)
        except ProcessLookupError:
            pass
        except PermissionError as error:
            raise _refused(f"process {pid} belongs to another user", database="sqlite") from error
        if _until(lambda: not is_locked(file), clock, limit):
            return (f"process {pid} ({signum.name})",)
    raise _refused(f"process {pid} was killed, but somebody still holds {file}", database="sqlite")


def _certain(file: Path, run: RunRecord | None) -> int:
    """The process that the last run names, if it is on this host and the one that holds the file."""
    pid, host = (run.by.get("pid"), run.by.get("host")) if run else (None, None)
    if run is None or not isinstance(pid, int) or pid <= 1:
        raise _refused("the journal does not say who holds the baton", database="sqlite")
    if host != socket.gethostname():
        raise _refused(
            f"the process at work runs on {safe_text(host)}, this is {socket.gethostname()}",
            database="sqlite",
        )
    if pid == os.getpid() or not _is_the_one(pid, file, run):
        raise _refused(f"process {pid} is not the one that holds {file} any more", database="sqlite")
    return pid


def _is_the_one(pid: int, file: Path, run: RunRecord) -> bool:
    """Linux shows which files a process has open; elsewhere it must be older than its run's first event."""
    folder = Path(f"/proc/{pid}/fd")
    if not Path("/proc/self/fd").is_dir():
        began = _began(pid)
        return began is not None and began <= datetime.fromisoformat(run.at)
    with contextlib.suppress(OSError):
        for link in folder.iterdir():
            with contextlib.suppress(OSError):
                if link.readlink() == file.resolve():
                    return True
    return False


def _began(pid: int) -> datetime | None:
    """When a process began, to the second: POSIX ps prints its age as [[dd-]hh:]mm:ss."""
    try:
        age = subprocess.run(  # noqa: S603 - a number, and no shell
            ["ps", "-o", "etime=", "-p", str(pid)],  # noqa: S607 - where it is differs between systems
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        days, _, rest = age.rpartition("-")
        seconds = 0
        for part in rest.split(":"):
            seconds = seconds * 60 + int(part)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return datetime.now(UTC) - timedelta(days=int(days or 0), seconds=seconds)


def _until(holds: Callable[[], bool], clock: Clock, limit: float) -> bool:
    end = clock.monotonic() + limit
    while not holds():
        if clock.monotonic() > end:
            return False
        clock.sleep(0.05)
    return True


def _refused(why: str, *, database: str) -> InitError:
    return InitError("take-over-refused", why, database=database)
