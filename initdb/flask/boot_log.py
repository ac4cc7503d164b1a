"""Tells the log what a boot does: who works, on which step and how far; one line for a change."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from initdb.events.entry import Entry
from initdb.statemachine.assemble.site import Waiting, Watcher
from initdb.statemachine.render.sentences import told
from initdb.steps.context import Progress

logger = logging.getLogger("initdb")

PAUSE = 5.0
"""Seconds between two lines on one and the same piece of work."""


class Voice:
    """The logger with the level and the handlers that it has now.

    Most env.py configure logging, which for as long as they run disables every logger that they do not name.
    """

    def __init__(self) -> None:
        self._level = logger.getEffectiveLevel()
        self._handlers = list(_handlers())

    def say(self, line: str) -> None:
        """Log a line at the level INFO."""
        if self._level > logging.INFO or logger.manager.disable >= logging.INFO:
            return
        record = logger.makeRecord(logger.name, logging.INFO, __file__, 0, "%s", (line,), None)
        for handler in self._handlers:
            if record.levelno >= handler.level:
                handler.handle(record)


class BootLog:
    """Turns what a run reports into lines of the log. `clock`: seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._voice = clock, Voice()
        self._last, self._at = "", 0.0

    def watcher(self) -> Watcher:
        """It as a run calls it."""
        return Watcher(entry=self.entry, progress=self.progress, waiting=self.waiting)

    def entry(self, entry: Entry) -> None:
        """An event was committed. Of a seed file the batches between the first and the last are left out."""
        if entry.type != "seed_batch_applied" or entry.data.get("complete"):
            self._voice.say(told(entry))

    def progress(self, progress: Progress) -> None:
        """A step goes on: a line when a revision begins, and from time to time for the rows of a seed."""
        if progress.step in ("migrate", "roll_back"):
            self._voice.say(f"{progress.step} {progress.subject} ({progress.number} of {progress.of})")
        elif progress.step == "seed" and progress.number:
            self._seldom(f"seed {progress.subject}", f"seed {progress.subject}: row {progress.number}")

    def waiting(self, waiting: Waiting) -> None:
        """This process waits: a line whenever there is something new to say."""
        if waiting.why != self._last:
            self._last = waiting.why
            self._voice.say(f"waiting: {waiting.why}")

    def _seldom(self, subject: str, line: str) -> None:
        now = self._clock()
        if subject != self._last:
            self._last, self._at = subject, now
        elif now - self._at >= PAUSE:
            self._at = now
            self._voice.say(line)


def _handlers() -> Iterator[logging.Handler]:
    """The handlers that a record of the logger reaches."""
    at: logging.Logger | None = logger
    while at is not None:
        yield from at.handlers
        at = at.parent if at.propagate else None


@contextmanager
def audible() -> Iterator[None]:
    """Where no logging at all is configured, the lines go to stderr for the length of a block."""
    if logger.hasHandlers() or sys.stderr is None:
        yield
        return
    handler, level = logging.StreamHandler(sys.stderr), logger.level
    handler.setFormatter(logging.Formatter("initdb[%(process)d]: %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(level or logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
