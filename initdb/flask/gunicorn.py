"""A boot in a gunicorn worker: it may outlast the worker's timeout, and it fails with gunicorn's own code.

gunicorn kills a worker that does not report within `timeout` seconds, also while it loads the application; a
worker that ends with code 3 before it has booted ends the master, with any other code it is started again for
ever; the master that meets a second 3 while it halts breaks with a traceback (gunicorn/arbiter.py,
murder_workers, reap_workers, stop).
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

SPACING = 0.5
"""Seconds between the ends of two workers of one generation that cannot boot."""


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
    """The gunicorn worker that is loading the application in this thread; None where there is none.

    Found on the call stack: gunicorn hands it to nobody.
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
    """Report for `worker` (None: nothing is done) while the block lasts, four times in its timeout."""
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
    """The code with which `worker` ends after a boot that failed, once it is its turn to end.

    The first one ends with BOOT_FAILED at once, which halts the master; the others, which mostly fail in the
    same moment, are told by it to stop while they wait, and end with 0.
    """
    turn = (worker.age - 1) % max(worker.cfg.workers, 1)
    end = time.monotonic() + turn * SPACING
    while worker.alive and time.monotonic() < end:
        worker.notify()
        time.sleep(0.02)
    return BOOT_FAILED if worker.alive else 0
