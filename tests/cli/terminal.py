"""Gives a command a terminal of its own, reads what it prints and types what a person would."""

from __future__ import annotations

import os
import pty
import select
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.forked import Forked


def on_terminal(
    words: Sequence[str], folder: Path, environ: Mapping[str, str], answers: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run `python -m initdb` with a controlling terminal; its exit code and all that was shown there.

    answers: what is typed (with return) once a text has been shown.
    """
    terminal, end_of_it = pty.openpty()
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), end_of_it)
    given = {**environ, "TERM": "xterm"}
    process = Forked("initdb", *words, cwd=folder, env=given, terminal=True, **streams)
    os.close(end_of_it)
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
    return process.wait(60), shown
