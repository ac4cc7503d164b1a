"""The source text of a function that was handed over."""

from __future__ import annotations

import inspect
from typing import Any


def source_of(given: Any) -> str:
    """The source text of a function; empty if it is an object, or was made without a file."""
    try:
        return inspect.getsource(inspect.unwrap(given))
    except (OSError, TypeError, ValueError):
        return ""
