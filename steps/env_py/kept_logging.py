"""Keeps the process's logging as it is while an env.py runs. Many env.py call logging.config.fileConfig."""

from __future__ import annotations

import contextlib
import logging.config
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class _State:
    """What fileConfig changes in one logger."""

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
    """Afterwards every logger has its old handlers, level and propagation, and no handler has been closed.

    A logger that was created meanwhile stays as it is, but is enabled: fileConfig disables every logger that
    it does not name, even those of modules that env.py itself has imported. A directory without an ini file
    has no logging to configure, so `fileConfig(config.config_file_name)` does nothing there.
    """
    before = {logger: _State.of(logger) for logger in _loggers()}
    with _open_handlers(), optional_file_config():
        try:
            yield
        finally:
            for logger in _loggers():
                if logger in before:
                    before[logger].restore(logger)
                else:
                    logger.disabled = False


@contextlib.contextmanager
def optional_file_config() -> Iterator[None]:
    """Let `fileConfig(None)` do nothing. Older templates of Alembic call it without asking for a file."""
    real = logging.config.fileConfig

    def file_config(fname: Any, *args: Any, **options: Any) -> None:
        if fname is not None:
            real(fname, *args, **options)

    logging.config.fileConfig = file_config
    try:
        yield
    finally:
        logging.config.fileConfig = real


def _loggers() -> list[logging.Logger]:
    root = logging.getLogger()
    return [root, *(one for one in list(root.manager.loggerDict.values()) if isinstance(one, logging.Logger))]


@contextlib.contextmanager
def _open_handlers() -> Iterator[None]:
    """Hide all handlers from `fileConfig`, which would close them."""
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
