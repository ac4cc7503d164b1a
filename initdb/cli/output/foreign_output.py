"""Keeps in order what the application's code prints while a command works: env.py, seeds, the application."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import TextIO, cast

from initdb.cli.output.screen import Screen, write_safely

ALEMBIC = "alembic.runtime.migration"
"""The logger on which Alembic names the revision that it runs. initdb prints such lines itself."""


@contextmanager
def tamed(screen: Screen, *, debug: bool) -> Iterator[None]:
    """For the length of the block, print in the right place what the application's code prints.

    With --json it goes to stderr. On a terminal, the line that is updated in place is removed before it.

    Args:
        screen: The output of the command.
        debug: Whether to keep Alembic's own lines about revisions. Most env.py turn them on.
    """
    with ExitStack() as stack:
        out = sys.stderr if screen.as_json else sys.stdout
        stack.enter_context(redirect_stdout(_beside(out, screen)))
        stack.enter_context(redirect_stderr(_beside(sys.stderr, screen)))
        if not debug:
            stack.enter_context(_without(logging.getLogger(ALEMBIC)))
        yield


@contextmanager
def _without(logger: logging.Logger) -> Iterator[None]:
    """Add a filter: logging.config.fileConfig replaces levels and handlers, but not filters."""

    def only_warnings(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING

    logger.addFilter(only_warnings)
    try:
        yield
    finally:
        logger.removeFilter(only_warnings)


class _Beside:
    """A stream that first removes the line that is updated in place, and that goes on without its reader."""

    def __init__(self, stream: TextIO, screen: Screen) -> None:
        self._stream, self._screen = stream, screen

    def write(self, text: str) -> int:
        self._screen.clear()
        write_safely(self._stream, text)
        return len(text)

    def flush(self) -> None:
        write_safely(self._stream, "")

    def __getattr__(self, name: str) -> object:
        found: object = getattr(self._stream, name)
        return found


def _beside(stream: TextIO, screen: Screen) -> TextIO:
    return cast("TextIO", _Beside(stream, screen))
