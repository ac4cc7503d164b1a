"""Finds the line in the application's own files at which an exception was raised."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType

_NOT_THEIRS = frozenset(
    {
        "alembic",
        "asyncpg",
        "initdb",
        "psycopg",
        "psycopg2",
        "sqlalchemy",
    }
)
"""Packages whose frames are skipped, as those of the standard library are: the cause is in their caller."""


def where(exc: BaseException, *, ours_too: bool = False) -> str:
    """The innermost line of the application's own code, as "FILE line N"; "" if there is none.

    For a SyntaxError it is the line that could not be parsed.

    Args:
        exc: The exception, with its traceback.
        ours_too: Whether to take the innermost line of all, whoever's code it is.
    """
    if parsed := file_of(exc):
        return f"{_relative(parsed[0])} line {parsed[1]}"
    found = ""
    step: TracebackType | None = exc.__traceback__
    while step is not None:
        module = str(step.tb_frame.f_globals.get("__name__", ""))
        if ours_too or not _is_library(module.partition(".")[0]):
            found = f"{_relative(step.tb_frame.f_code.co_filename)} line {step.tb_lineno}"
        step = step.tb_next
    return found


def file_of(exc: BaseException) -> tuple[str, int] | None:
    """The file and the line that could not be parsed. A file that does not exist is somebody's text.

    Args:
        exc: Any exception.
    """
    if isinstance(exc, SyntaxError) and exc.filename and Path(exc.filename).is_file():
        return exc.filename, exc.lineno or 1
    return None


def raised_by_ours(exc: BaseException) -> bool:
    """Whether initdb's own code raised it: then it is a mistake in initdb, not in its input."""
    step = exc.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    return step is not None and str(step.tb_frame.f_globals.get("__name__", "")).startswith("initdb.")


def _is_library(name: str) -> bool:
    return name in _NOT_THEIRS or name in sys.stdlib_module_names


def _relative(name: str) -> str:
    try:
        relative = os.path.relpath(name)
    except (OSError, ValueError):  # the working directory is gone, or on another drive
        return name
    return name if relative.startswith("..") else Path(relative).as_posix()
