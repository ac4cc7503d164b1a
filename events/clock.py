"""The clock of a run: wall time for events, monotonic time and sleep for waiting. Tests give their own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

_monotonic = time.monotonic
_sleep = time.sleep


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """The functions by which a run reads the time and waits.

    `monotonic` and `sleep` are taken from `time` when this module is imported. If a library freezes the time
    later, a wait still ends.

    Attributes:
        now: Gives the wall time, with its time zone.
        monotonic: Gives seconds that only grow, for time limits.
        sleep: Waits for a number of seconds.

    Example:
        >>> moment = datetime(2026, 11, 23, 8, 6, tzinfo=UTC)
        >>> Clock(now=lambda: moment).now().isoformat()
        '2026-11-23T08:06:00+00:00'
    """

    now: Callable[[], datetime] = _utc_now
    monotonic: Callable[[], float] = _monotonic
    sleep: Callable[[float], None] = _sleep
