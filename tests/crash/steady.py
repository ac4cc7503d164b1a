"""What differs from run to run made steady: clock, run ids, process id, durations; pauses made short.

For a child that lives for one run. Two runs of one scenario then leave the same journal, byte for byte, so
that states can be compared.
"""

from __future__ import annotations

import itertools
import logging
import random
import time
from datetime import UTC, datetime, timedelta

from initdb.events import ids
from initdb.events.clock import Clock
from initdb.statemachine.decide import verdict
from initdb.statemachine.loop.signals import Stopper
from initdb.statemachine.site import Site

BEGIN = datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)
SHORT = 0.01
"""The longest pause, in s, between two looks at a database that moves."""

_pause = Stopper.pause
_by = Site.by


class _Steady:
    """In place of `secrets` in the module that makes run ids."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def randbits(self, count: int) -> int:
        return self._random.getrandbits(count)


def hold(seed: int = 1) -> None:
    """Make this process steady; `seed` tells it and the ids of its run from others."""
    quicken()
    ids.secrets = _Steady(seed)  # type: ignore[attr-defined, assignment]
    time.perf_counter = lambda: 0.0  # type: ignore[assignment]
    Site.by = lambda self: {**_by(self), "pid": seed}  # type: ignore[method-assign]


def silence() -> None:
    """Keep this process from logging; its pauses are those of an application."""
    logging.disable(logging.WARNING)


def quicken() -> None:
    """Shorten the pauses of this process, and keep it from logging."""
    silence()
    Stopper.pause = _short_pause  # type: ignore[method-assign]
    verdict.BACKOFF_FIRST = SHORT


def clock(seed: int) -> Clock:
    """A clock that is one microsecond later at each look."""
    ticks = itertools.count()
    return Clock(now=lambda: BEGIN + timedelta(seconds=seed, microseconds=next(ticks)))


def _short_pause(self: Stopper, seconds: float) -> None:
    _pause(self, min(seconds, SHORT))
