"""Processes that are forked to run something and may be killed on the way."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LIMIT = 60.0
"""How long, in s, a child may take before it counts as stuck."""


class Stuck(Exception):
    """A child did not end within its limit; it was killed."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: the signal that killed it (0 where none did), and its answer where it gave one."""

    signal: int
    answer: Any = None


@dataclass(slots=True)
class Child:
    """A child in a process group of its own; its answer is in memory, so that it never waits to give it."""

    pid: int
    _alive: int
    _answer: int

    def kill(self) -> None:
        """SIGKILL to the child and to whatever it has forked."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def wait(self, limit: float = LIMIT) -> Ended:
        """Wait for its end. Raises Stuck after `limit` s, and RuntimeError where the child itself raised."""
        try:
            ready, _, _ = select.select([self._alive], [], [], limit)
            if not ready:
                self.kill()
            _, status = os.waitpid(self.pid, 0)
            said = os.pread(self._answer, os.fstat(self._answer).st_size, 0)
        finally:
            os.close(self._alive)
            os.close(self._answer)
        if not ready:
            raise Stuck(f"no end within {limit:g} s")
        killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        answer = json.loads(said) if said and not killed else None
        if isinstance(answer, dict) and "raised" in answer:
            raise RuntimeError(f"the child raised\n{answer['raised']}")
        return Ended(killed, answer)


def fork(function: Callable[[], Any]) -> Child:
    """Run `function` in a child; its value must be JSON. Fork with every database closed."""
    reader, writer = os.pipe()
    answer = os.memfd_create("answer")
    pid = os.fork()
    if pid:
        os.close(writer)
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.setpgid(pid, pid)
        return Child(pid, reader, answer)
    try:
        os.setpgid(0, 0)
        os.close(reader)
        text = json.dumps(function())
    except BaseException:
        text = json.dumps({"raised": traceback.format_exc()})
    try:
        view = memoryview(text.encode())
        while view:
            view = view[os.write(answer, view) :]
    finally:
        os._exit(0)


def call(function: Callable[[], Any], limit: float = LIMIT) -> Ended:
    """Fork, run, wait."""
    return fork(function).wait(limit)
