"""The process's logging, kept as it was while an env.py runs: many call logging.config.fileConfig."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class _State:
    """What fileConfig changes of one logger."""

    handlers: list[logging.Handler]
    level: int
    propagate: bool
    disabled: bool

    @classmethod
    def of(cls, logger: logging.Logger) -> _State:
        return cls(list(logger.handlers), logger.level, logger.propagate, logger.disabled)

    def restore(self, logger: logging.Logger) -> None:
        logger.handlers[:] = self.handlers
        logger.setLevel(self.level)
        logger.propagate, logger.disabled = self.propagate, self.disabled


@contextlib.contextmanager
def kept_logging() -> Iterator[None]:
    """Afterwards every logger has its handlers, level and propagation again, and no handler was closed.

    A logger that the application made meanwhile stays as it was made, but enabled: fileConfig disables every
    logger that it does not name, also those of modules which env.py itself has just imported.
    """
    before = {logger: _State.of(logger) for logger in _loggers()}
    with _open_handlers():
        try:
            yield
        finally:
            for logger in _loggers():
                if logger in before:
                    before[logger].restore(logger)
                else:
                    logger.disabled = False


def _loggers() -> list[logging.Logger]:
    root = logging.getLogger()
    return [root, *(one for one in list(root.manager.loggerDict.values()) if isinstance(one, logging.Logger))]


@contextlib.contextmanager
def _open_handlers() -> Iterator[None]:
    """Hide the handlers that there are from `fileConfig`, which closes every one that logging knows of."""
    known: list[Any] = getattr(logging, "_handlerList", [])
    names: Any = getattr(logging, "_handlers", {})
    listed, named = list(known), dict(names)
    known.clear()
    names.clear()
    try:
        yield
    finally:
        known[:0] = listed
        names.update(named)
