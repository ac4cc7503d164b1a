"""Lets an examination end within seconds: a limit for libpq, and one for questions that nobody answers."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    """What `ask` gives; None if it takes too long. Its thread then ends with the process."""
    answers: list[Answer] = []
    failures: list[BaseException] = []

    def asking() -> None:
        try:
            answers.append(ask())
        except BaseException as error:  # it is raised in the thread that waits
            failures.append(error)

    thread = threading.Thread(target=asking, daemon=True)
    thread.start()
    thread.join(seconds)
    if failures:
        raise failures[0]
    return answers[0] if answers else None
