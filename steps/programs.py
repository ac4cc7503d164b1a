"""Runs a program of the operator's without a shell, and ends it, with all that it started, in time."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

_LOOK = 0.2
"""How often, in seconds, the process looks whether it is to stop."""

_GRACE = 5.0
"""How many seconds the program has to end if it is told to."""

_LINES = 12
"""How many of its last lines on stderr are kept."""


def ran(
    words: Sequence[str],
    environ: Mapping[str, str],
    *,
    tick: Callable[[], None] = lambda: None,
    given: str | None = None,
    limit: float | None = None,
) -> tuple[int, list[str]]:
    """Run a program to its end. What it writes is for its user alone.

    Args:
        words: The program and its arguments.
        environ: Its environment.
        tick: Called from time to time. If it raises, the program is ended.
        given: What it reads on stdin; None for nothing.
        limit: For how many seconds it may run; None for any time.

    Returns:
        Its exit code, and the last lines that it wrote to stderr.

    Raises:
        FileNotFoundError: There is no such program in PATH.
        TimeoutError: It took too long.
    """
    program = shutil.which(words[0], path=environ.get("PATH"))
    if program is None:
        raise FileNotFoundError(words[0])
    process = subprocess.Popen(  # noqa: S603 - the person who sets the command trusts it
        [program, *words[1:]],
        env=dict(environ),
        stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        # It is this process that Ctrl-C stops, and this process ends the program.
        start_new_session=True,
        umask=0o077,
    )
    try:
        said = _wait(process, tick, given, None if limit is None else time.monotonic() + limit)
    finally:
        if process.poll() is None:
            _end(process)
    return process.returncode, [line for line in said.splitlines() if line.strip()][-_LINES:]


def _wait(
    process: subprocess.Popen[str], tick: Callable[[], None], given: str | None, until: float | None
) -> str:
    while True:
        try:
            return process.communicate(given, timeout=_LOOK)[1]
        except subprocess.TimeoutExpired:
            given = None  # it is on its way
            tick()
            if until is not None and time.monotonic() > until:
                raise TimeoutError from None


def _end(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=_GRACE)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
