"""Older versions of an event, brought up to date when they are read; newer ones are left as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

CURRENT = 1
"""The version that this code writes."""

Event = dict[str, Any]
Step = Callable[[Event], Event]

STEPS: Mapping[int, Step] = {}
"""Version → the function that makes the next version of it; a step is added with each new version, none is
removed."""


def upcast(event: Event, steps: Mapping[int, Step] = STEPS, current: int = CURRENT) -> Event:
    """`event` at version `current`, or unchanged where it is newer; fields that nobody knows are kept."""
    version = event.get("v", 1)
    while isinstance(version, int) and version < current and version in steps:
        event = {**steps[version](event), "v": version + 1}
        version += 1
    return event
