"""Ends a forked child that would go on to use the database connection of its parent."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import NoReturn

from initdb.errors.causes import frames_of

_LOST = "initdb: a process that was forked in the middle of a run left the code that forked it, and ends."


@contextlib.contextmanager
def in_this_process() -> Iterator[None]:
    """Run the application's code in the block. A child that it forks ends when it would leave the block.

    A child shares the connection with its parent: its rollback, COMMIT or close would also be the parent's.
    It ends as Python ends a process: on SystemExit with the exit code of that, on another exception with the
    places that it came through, and exit code 1.
    """
    process = os.getpid()
    with contextlib.ExitStack() as stack:
        stack.push(lambda kind, error, trace: only_in(process, error))
        yield


def only_in(process: int, error: BaseException | None = None) -> None:
    """Return in a process; in a child of it, end the child and send nothing to the database.

    Args:
        process: The id of the process that opened the connection.
        error: The exception by which the child leaves the block, if any.
    """
    if os.getpid() != process:
        _leave(error)


def _leave(error: BaseException | None) -> NoReturn:
    code = 1
    try:
        if isinstance(error, SystemExit):
            code = error.code if isinstance(error.code, int) else int(error.code is not None)
        elif error is not None:
            sys.stderr.write(frames_of(error))
        else:
            sys.stderr.write(f"{_LOST}\n")
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        # Also if nothing can be printed any more.
        os._exit(code & 0xFF)
