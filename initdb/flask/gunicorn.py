"""A boot in a gunicorn worker: it may take longer than gunicorn's timeout, and fails with gunicorn's own
code.

gunicorn kills a worker that does not report within `timeout` seconds, also while it loads the application. A
worker that ends with code 3 before it has booted ends the master; with any other code it is started again,
for ever. If a second worker ends with code 3 while the master halts, the master fails with a traceback. See
murder_workers, reap_workers and stop in gunicorn/arbiter.py.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, cast

BOOT_FAILED = 3
"""Arbiter.WORKER_BOOT_ERROR."""

SPACING = 5.0
"""Seconds between the ends of two workers that cannot boot.

It is longer than one of them is likely to fail after another. The master's signal cuts it short.
"""


class Config(Protocol):
    """What is used of gunicorn's settings."""

    timeout: int
    workers: int


class Worker(Protocol):
    """What is used of `gunicorn.workers.base.Worker`."""

    age: int
    alive: bool
    cfg: Config

    def notify(self) -> None:
        """Tell the master that this worker lives."""


def loading_worker() -> Worker | None:
    """The gunicorn worker that loads the application in this thread; None if there is none.

    It is found on the call stack, since gunicorn gives it to nobody.
    """
    base = sys.modules.get("gunicorn.workers.base")
    frame = sys._getframe() if base is not None else None
    while base is not None and frame is not None:
        found = frame.f_locals.get("self")
        if isinstance(found, base.Worker):
            return cast("Worker", found)
        frame = frame.f_back
    return None


@contextmanager
def heartbeat(worker: Worker | None) -> Iterator[None]:
    """For the length of the block, report for the worker, four times in its timeout. None does nothing."""
    timeout = worker.cfg.timeout if worker is not None else 0
    if worker is None or not timeout:
        yield
        return
    done = threading.Event()

    def beat() -> None:
        while not done.wait(timeout / 4):
            worker.notify()

    thread = threading.Thread(target=beat, name="initdb-gunicorn", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def exit_code(worker: Worker) -> int:
    """Wait until it is the turn of this worker to end after a failed boot, and give its exit code.

    The first worker ends at once with BOOT_FAILED, and that halts the master. The others mostly fail in the
    same moment. While they wait, the master tells them to stop, and they end with 0.
    """
    turn = (worker.age - 1) % max(worker.cfg.workers, 1)
    end = time.monotonic() + turn * SPACING
    while worker.alive and time.monotonic() < end:
        worker.notify()
        time.sleep(0.02)
    return BOOT_FAILED if worker.alive else 0
