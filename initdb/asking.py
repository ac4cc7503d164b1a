"""Asks the person at the terminal, if there is one, a question that is answered with yes or no."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable


def asker(clear: Callable[[], None] = lambda: None) -> Callable[[str], bool] | None:
    """A function that asks the person at the terminal. Without an answer it is no.

    Args:
        clear: Called before each question, so that nothing else is on its line.

    Returns:
        None if nobody can answer: stdin or stderr is no terminal, or this process is in its background.
    """
    if not _is_answered() or threading.current_thread() is not threading.main_thread():
        return None

    def ask(question: str) -> bool:
        import click

        clear()
        # Ctrl-C at the question ends the command. During a run the signal only asks the run to stop.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return click.confirm(question, err=True)
        finally:
            signal.signal(signal.SIGINT, before)

    return ask


def _is_answered() -> bool:
    try:
        return sys.stdin.isatty() and sys.stderr.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, AttributeError, ValueError):  # there is no stdin, or it is closed
        return False
