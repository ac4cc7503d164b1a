"""Logs what a boot does: who works, on which step, and how far it is."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from initdb.events.entry import Entry
from initdb.events.payloads.work import SeedBatchApplied
from initdb.statemachine.render.sentences import told
from initdb.statemachine.site import Waiting, Watcher
from initdb.steps.context import Progress

logger = logging.getLogger("initdb")

PAUSE = 5.0
"""Seconds between two lines about the same piece of work."""


class Voice:
    """The logger, with the level and the handlers that it has when this is created.

    Most env.py configure logging. While they run, that disables every logger that they do not name.
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
    """Logs what a run reports.

    Args:
        clock: Gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._voice = clock, Voice()
        self._last, self._at = "", 0.0

    def watcher(self) -> Watcher:
        """The functions that a run calls."""
        return Watcher(
            entry=self.entry, progress=self.progress, waiting=self.waiting, announce=self._voice.say
        )

    def entry(self, entry: Entry) -> None:
        """Log an event that was committed. Of the batches of a seed file only the last one is logged."""
        if entry.type != SeedBatchApplied.type or SeedBatchApplied.read(entry.data).complete:
            self._voice.say(told(entry))

    def progress(self, progress: Progress) -> None:
        """Log that a revision begins, and from time to time how many rows of a seed are stored."""
        if progress.step in ("migrate", "roll_back"):
            self._voice.say(f"{progress.step} {progress.subject} ({progress.number} of {progress.of})")
        elif progress.step == "seed" and progress.number:
            self._seldom(f"seed {progress.subject}", f"seed {progress.subject}: row {progress.number}")

    def waiting(self, waiting: Waiting) -> None:
        """Log what this process waits for, whenever that changes."""
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
    """The handlers that get a record of the logger."""
    at: logging.Logger | None = logger
    while at is not None:
        yield from at.handlers
        at = at.parent if at.propagate else None


@contextmanager
def audible() -> Iterator[None]:
    """For the length of the block, log to stderr if no logging is configured."""
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
