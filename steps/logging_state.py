"""The process's logging, kept as it was while an env.py runs: many call logging.config.fileConfig."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator


@contextlib.contextmanager
def kept_logging() -> Iterator[None]:
    """Put back handlers, level and disabled loggers afterwards; fileConfig disables every logger it does not
    name."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    enabled = [
        one
        for one in root.manager.loggerDict.values()
        if isinstance(one, logging.Logger) and not one.disabled
    ]
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        for logger in enabled:
            logger.disabled = False
