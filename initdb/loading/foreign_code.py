"""Runs code of the application, which may raise anything, and reports what it raises with its line."""

from __future__ import annotations

import importlib
import os
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from initdb.errors import InitError
from initdb.errors.classify import VALUES
from initdb.errors.from_python import missing_driver
from initdb.errors.location import file_of
from initdb.errors.withheld import kind_of


@contextmanager
def foreign_code(reference: str, what: str, *, fix: str | None = None) -> Iterator[None]:
    """For the length of the block, code of the application runs.

    Args:
        reference: The error to raise.
        what: What that code was to do, as the beginning of a sentence that goes on with what it raised.
        fix: What fixes it, if not what the error's row says.

    Raises:
        InitError: `reference`; or an InitError that the block has raised itself.
    """
    try:
        yield
    except InitError:
        raise
    except (Exception, SystemExit) as error:  # the code of the application may raise anything
        said = f"{what} {kind_of(error)}{_line_of(error)}"
        found = InitError(reference, said, fix=missing_driver(error) or fix)
        raise found.with_advice(VALUES.format("run")) from error


def _line_of(error: BaseException) -> str:
    """Where an error came from, as " (file, line 3)". Installed packages count only if nothing else does."""
    if parsed := file_of(error):
        return f" ({parsed[0]}, line {parsed[1]})"
    passed = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    importing = (str(Path(__file__).parent), importlib.__file__, "<frozen ")
    outside = [entry for entry in passed if not entry[0].startswith(importing)]
    libraries = tuple(sysconfig.get_path(name) + os.sep for name in ("stdlib", "purelib", "platlib"))
    theirs = [entry for entry in outside if not entry[0].startswith(libraries)] or outside
    return f" ({theirs[-1][0]}, line {theirs[-1][1]})" if theirs else ""
