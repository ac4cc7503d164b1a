"""Knows whether code was called by a command or by a run of initdb, so that it does not wait for its caller.

A command loads an application, whose own boot must not begin meanwhile. A run calls revisions, env.py and
seeds. If one of these asks for the same database to be initialized, it must not wait: the run waits for it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

quiet: ContextVar[bool] = ContextVar("initdb_booting_quiet", default=False)
"""Whether `init_app` is to bind and do nothing more: the command that loads the application does the work."""


@contextmanager
def loading() -> Iterator[None]:
    """For the length of the block, an application that calls `init_app` does not boot its database."""
    token = quiet.set(True)
    try:
        yield
    finally:
        quiet.reset(token)


_RUNS = "_INITDB_RUNS"
"""The environment variable that tells a child process of the runs above it, as `place:run` pairs."""


@dataclass(frozen=True, slots=True)
class _Run:
    """A run of this process: its thread, and all that were there when it began."""

    run: str
    process: int
    thread: threading.Thread
    siblings: frozenset[threading.Thread]


_at_work: dict[str, _Run] = {}
"""Place → the run of this process that is at work there."""


@contextmanager
def running(place: str, run: str, *, heritable: bool) -> Iterator[None]:
    """For the length of the block, this thread works on `run`.

    Args:
        place: Which journal it is, by a name that is the same in each process.
        run: The id of the run.
        heritable: Whether a child process can have the same database.
    """
    own = _Run(run, os.getpid(), threading.current_thread(), frozenset(threading.enumerate()))
    _at_work[place] = own
    told = f"{place}:{run}"
    if heritable:
        os.environ[_RUNS] = " ".join([*_told(), told])
    try:
        yield
    finally:
        if os.getpid() == own.process:
            if _at_work.get(place) is own:
                del _at_work[place]
            _tell([other for other in _told() if other != told])


def called_by_own_run(place: str, *, threads: bool) -> bool:
    """Whether a run of this process at `place` has called this code.

    Args:
        place: Which journal it is, as for `running`.
        threads: Whether each thread that began after the run counts as called by it, since nobody knows whose
            code started a thread. A thread that was there before waits for the run, as a process does.
    """
    own = _at_work.get(place)
    if own is None or own.process != os.getpid():
        return False
    thread = threading.current_thread()
    return thread is own.thread or (threads and thread not in own.siblings)


def run_above(place: str) -> str | None:
    """The run at `place` that was at work when a parent process started this one; None if there was none."""
    own = _at_work.get(place)
    mine = own.run if own is not None and own.process == os.getpid() else None
    runs = [run for name, _, run in (told.partition(":") for told in _told()) if name == place]
    return next((run for run in reversed(runs) if run != mine), None)


def _told() -> list[str]:
    return os.environ.get(_RUNS, "").split()


def _tell(runs: list[str]) -> None:
    if runs:
        os.environ[_RUNS] = " ".join(runs)
    else:
        os.environ.pop(_RUNS, None)
