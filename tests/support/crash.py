"""A run that dies by SIGKILL, stops by SIGSTOP right after a commit, or cannot append an event."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from sqlalchemy import Connection

from initdb.events.entry import Entry
from initdb.statemachine.loop.order import Order
from initdb.statemachine.loop.writer import Writer
from tests.support.toy import Toy


def killed_after(toy: Toy, event: str, count: int = 1, order: Order | None = None) -> None:
    """Run in a child that is killed once the `count`th `event` has been committed; fails where it was not.

    `order`: what the run is for, where it is not a boot.
    """
    child = forked_run(toy, event, signal.SIGKILL, count, order)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"the run was not killed at {event}"
    assert os.WTERMSIG(status) == signal.SIGKILL


@contextmanager
def stopped_after(toy: Toy, event: str, count: int = 1) -> Iterator[int]:
    """Run in a child that stops itself once the `count`th `event` has been committed; gives its pid.

    `event` "": it stops itself elsewhere, in a revision. It is killed at the end, if it still lives.
    """
    child = forked_run(toy, event, signal.SIGSTOP, count)
    try:
        _, status = os.waitpid(child, os.WUNTRACED)
        assert os.WIFSTOPPED(status), f"the run was not stopped at {event}"
        yield child
    finally:
        with suppress(ChildProcessError, ProcessLookupError):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def forked_run(
    toy: Toy, event: str, signum: signal.Signals, count: int = 1, order: Order | None = None
) -> int:
    """Boot in a child, which sends itself a signal once the `count`th `event` has been committed.

    Its exit code is that of the boot.
    """
    child = os.fork()
    if child:
        return child
    try:
        seen = 0

        def watch(entry: Entry) -> None:
            nonlocal seen
            seen += entry.type == event
            if seen == count and entry.type == event:
                os.kill(os.getpid(), signum)

        os._exit(toy.initializer(watch).attend(order, host=True).exit_code)
    finally:
        os._exit(99)


def cannot_append(monkeypatch: pytest.MonkeyPatch, event: str) -> None:
    """From now on this process meets an I/O error where it would append such an event."""
    append = Writer._append

    def failing(self: Writer, connection: Connection, entry: Entry) -> None:
        if entry.type == event:
            raise OSError(errno.EIO, "Input/output error")
        append(self, connection, entry)

    monkeypatch.setattr(Writer, "_append", failing)
