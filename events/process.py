"""The process that a connection belongs to: a child that other people's code forks must not use it."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Iterator
from typing import NoReturn

_LOST = "initdb: a process that was forked in the middle of a run left the code that forked it, and ends."


@contextlib.contextmanager
def in_this_process() -> Iterator[None]:
    """For other people's code: a child that it forks ends where it would come out of the block.

    It shares the connection with its parent: to roll back, to commit or to close it would do so for both.
    It ends as Python would: SystemExit with its code, another exception with its traceback and 1.
    """
    process = os.getpid()
    with contextlib.ExitStack() as stack:
        stack.push(lambda kind, error, trace: only_in(process, error))
        yield


def only_in(process: int, error: BaseException | None = None) -> None:
    """Return in this process; a child of it ends here, without a word to the database."""
    if os.getpid() != process:
        _leave(error)


def _leave(error: BaseException | None) -> NoReturn:
    code = 1
    try:
        if isinstance(error, SystemExit):
            code = error.code if isinstance(error.code, int) else int(error.code is not None)
        elif error is not None:
            traceback.print_exception(error)
        else:
            sys.stderr.write(f"{_LOST}\n")
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        # Also where nothing can be printed any more.
        os._exit(code & 0xFF)
