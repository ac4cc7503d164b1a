"""What other people's code prints while a command works: applications, env.py, seeds."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import TextIO, cast

from initdb.cli.output.screen import Screen

ALEMBIC = "alembic.runtime.migration"
"""The logger on which Alembic says which revision it runs, as the lines of ours do."""


@contextmanager
def tamed(screen: Screen, *, debug: bool) -> Iterator[None]:
    """With --json what they print goes to stderr; on a terminal the line in place is taken away before it.

    Alembic's own account of the revisions, which most env.py turn on, is left out unless `debug`.
    """
    with ExitStack() as stack:
        if screen.as_json:
            stack.enter_context(redirect_stdout(sys.stderr))
        elif screen.is_live:
            stack.enter_context(redirect_stdout(_above(sys.stdout, screen)))
            stack.enter_context(redirect_stderr(_above(sys.stderr, screen)))
        if not debug:
            stack.enter_context(_without(logging.getLogger(ALEMBIC)))
        yield


@contextmanager
def _without(logger: logging.Logger) -> Iterator[None]:
    """A filter, since logging.config.fileConfig sets levels and handlers anew and leaves filters alone."""

    def only_warnings(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING

    logger.addFilter(only_warnings)
    try:
        yield
    finally:
        logger.removeFilter(only_warnings)


class _Above:
    """A stream that clears the line in place before anything is written; else it is the stream."""

    def __init__(self, stream: TextIO, screen: Screen) -> None:
        self._stream, self._screen = stream, screen

    def write(self, text: str) -> int:
        self._screen.clear()
        return self._stream.write(text)

    def __getattr__(self, name: str) -> object:
        found: object = getattr(self._stream, name)
        return found


def _above(stream: TextIO, screen: Screen) -> TextIO:
    return cast("TextIO", _Above(stream, screen))
