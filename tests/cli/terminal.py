"""Gives a command a terminal of its own, reads what it prints and types what a person would."""

from __future__ import annotations

import os
import pty
import select
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.forked import Forked


class Terminal:
    """`python -m initdb` on a controlling terminal of its own."""

    def __init__(
        self,
        words: Sequence[str],
        folder: Path,
        environ: Mapping[str, str],
        *,
        lines: int = 24,
        columns: int = 80,
        module: str = "initdb",
    ) -> None:
        self._terminal, end_of_it = pty.openpty()
        termios.tcsetwinsize(end_of_it, (lines, columns))
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), end_of_it)
        # A worker of pytest has these variables, and they would stand for the window's size.
        kept = {name: value for name, value in environ.items() if name not in ("LINES", "COLUMNS")}
        given = {"TERM": "xterm", **kept}
        self.process = Forked(module, *words, cwd=folder, env=given, terminal=True, **streams)
        os.close(end_of_it)

    def end(self, answers: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Its exit code and all that was shown.

        answers: what is typed once a text has been shown.
        """
        waiting = dict(answers or {})
        shown, end = "", time.monotonic() + 60
        while time.monotonic() < end:
            if not select.select([self._terminal], [], [], 0.1)[0]:
                continue
            try:
                data = os.read(self._terminal, 4096)
            except OSError:  # Linux's word for the end of a terminal
                break
            if not data:
                break
            shown += data.decode(errors="replace")
            for text in [text for text in waiting if text in shown]:
                os.write(self._terminal, waiting.pop(text).encode())
        os.close(self._terminal)
        return self.process.wait(60), shown


def on_terminal(
    words: Sequence[str],
    folder: Path,
    environ: Mapping[str, str],
    answers: Mapping[str, str] | None = None,
    module: str = "initdb",
) -> tuple[int, str]:
    """Run `python -m MODULE` with a controlling terminal; its exit code and all that was shown there.

    answers: what is typed (with return) once a text has been shown.
    """
    typed = {text: f"{answer}\n" for text, answer in (answers or {}).items()}
    return Terminal(words, folder, environ, module=module).end(typed)
