"""A terminal of its own for a command: what it prints there, and what a person types."""

from __future__ import annotations

import os
import pty
import select
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


def on_terminal(
    words: Sequence[str], folder: Path, environ: Mapping[str, str], answers: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run `python -m initdb` with a controlling terminal; its exit code and all that was shown there.

    answers: what is typed (with return) once a text has been shown.
    """
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execve(sys.executable, [sys.executable, "-m", "initdb", *words], {**environ, "TERM": "xterm"})
    waiting = dict(answers or {})
    shown, end = "", time.monotonic() + 60
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        try:
            data = os.read(terminal, 4096)
        except OSError:  # Linux's word for the end of a terminal
            break
        if not data:
            break
        shown += data.decode(errors="replace")
        for text in [text for text in waiting if text in shown]:
            os.write(terminal, (waiting.pop(text) + "\n").encode())
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown
