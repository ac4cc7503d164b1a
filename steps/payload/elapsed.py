"""How long a step's work took."""

from __future__ import annotations

import time


def milliseconds(begun: float) -> float:
    """The time since `begun` (of `time.perf_counter`), in milliseconds with one digit."""
    return round((time.perf_counter() - begun) * 1000, 1)
