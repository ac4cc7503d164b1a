"""Forked children of the tests' process: how they end, and what they leave behind."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.trampoline import MUTANT

_BROKEN = 70


@dataclass(frozen=True, slots=True)
class End:
    """How a child ended: its exit code (None: it hung and was killed), and at which piece of its work."""

    code: int | None
    piece: int


def in_a_child(work: Callable[[Callable[[], object]], None], limits: Sequence[float], mutant: str) -> End:
    """Runs `work` in a fork, which calls what it is given when it begins a piece; each may take its limit."""
    begun, begin = os.pipe()
    child = os.fork()
    if child == 0:
        _work(work, begin)
    os.close(begin)
    handle = os.pidfd_open(child)
    try:
        end = _wait(child, handle, begun, limits)
    finally:
        os.close(begun)
        os.close(handle)
        _clean_up(child, mutant)
    return end


def _work(work: Callable[[Callable[[], object]], None], begin: int) -> None:
    code = _BROKEN
    try:
        os.setpgid(0, 0)
        work(lambda: os.write(begin, b"."))
        code = 0
    except BaseException:  # whatever ends a test's process: it must not go on as the parent would
        traceback.print_exc()
    finally:
        os._exit(code)


def _wait(child: int, handle: int, begun: int, limits: Sequence[float]) -> End:
    piece = -1
    while True:
        ready, _, _ = select.select([begun, handle], [], [], limits[max(piece, 0)])
        if begun in ready and (entered := len(os.read(begun, 4096))):
            piece += entered
        elif handle in ready:
            return End(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), piece)
        elif not ready:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return End(None, piece)


def _clean_up(child: int, mutant: str) -> None:
    """Kills what the child has started: its group, and what carries the mutant's name in its environment."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    mark = f"{MUTANT}={mutant}\0".encode()
    for place in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if mutant and mark in place.read_bytes():
                os.kill(int(place.parent.name), signal.SIGKILL)
