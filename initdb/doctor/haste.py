"""Lets an examination end within seconds: a limit for libpq, and one for questions that nobody answers."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.pool import ThreadPool
from typing import TypeVar

CONNECTING = "3"
"""How many seconds libpq may take to connect, if the URL does not say."""

Answer = TypeVar("Answer")


@contextmanager
def in_haste() -> Iterator[None]:
    """Let libpq give up soon, for the length of a block. An application's engine may have no limit."""
    before = os.environ.get("PGCONNECT_TIMEOUT")
    os.environ["PGCONNECT_TIMEOUT"] = before or CONNECTING
    try:
        yield
    finally:
        if before is None:
            del os.environ["PGCONNECT_TIMEOUT"]


def within(seconds: float, ask: Callable[[], Answer]) -> Answer | None:
    """What `ask` gives; None if it takes too long. Its thread is a daemon, which ends with the process.

    Args:
        seconds: How long it may take.
        ask: It is called in another thread. What it raises is raised here.
    """
    try:
        return ThreadPool(1).apply_async(ask).get(seconds)
    except multiprocessing.TimeoutError:
        return None
