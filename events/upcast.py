"""Converts older versions of an event when they are read. Newer ones are left as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

CURRENT = 1
"""The version that this code writes."""

Event = dict[str, Any]
Step = Callable[[Event], Event]

STEPS: Mapping[int, Step] = {}
"""Version → the function that converts it to the next one. None is ever removed."""


def upcast(event: Event, steps: Mapping[int, Step] = STEPS, current: int = CURRENT) -> Event:
    """Convert an event to a version. A newer event is not changed. Fields that nobody knows are kept.

    Args:
        event: The event.
        steps: The conversions.
        current: The version to convert to.
    """
    version = event.get("v", 1)
    while isinstance(version, int) and version < current and version in steps:
        event = {**steps[version](event), "v": version + 1}
        version += 1
    return event
