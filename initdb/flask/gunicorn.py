"""A boot in a gunicorn worker: it may outlast the worker's timeout, and it fails with gunicorn's own code.

gunicorn kills a worker that does not report within `timeout` seconds, also while it loads the application; a
worker that ends with code 3 before it has booted ends the master, with any other code it is started again for
ever (gunicorn/arbiter.py, murder_workers and reap_workers).
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

BOOT_FAILED = 3
"""Arbiter.WORKER_BOOT_ERROR."""


def loading_worker() -> Any:
    """The gunicorn worker that is loading the application in this thread; None where there is none.

    Found on the call stack: gunicorn hands it to nobody.
    """
    base = sys.modules.get("gunicorn.workers.base")
    frame = sys._getframe() if base is not None else None
    while base is not None and frame is not None:
        found = frame.f_locals.get("self")
        if isinstance(found, base.Worker):
            return found
        frame = frame.f_back
    return None


@contextmanager
def heartbeat(worker: Any) -> Iterator[None]:
    """Report for `worker` (None: nothing is done) while the block lasts, four times in its timeout."""
    timeout = getattr(getattr(worker, "cfg", None), "timeout", 0)
    if not timeout:
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
