"""The clocks that are injected: wall time for the record, monotonic time and sleep for waiting."""

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
    """Time as a run sees it. `monotonic` and `sleep` are bound at import, so that a frozen clock still
    waits."""

    now: Callable[[], datetime] = _utc_now
    monotonic: Callable[[], float] = _monotonic
    sleep: Callable[[float], None] = _sleep
