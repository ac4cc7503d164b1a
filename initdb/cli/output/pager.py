"""Shows long output in a pager, as git does: on a terminal, and only if it is longer than the window."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from types import FrameType
from typing import IO, TextIO, TypeAlias

Handler: TypeAlias = Callable[[int, FrameType | None], object] | int | None
"""What answers a signal."""

LESS = "FRX"
"""What `less` is told if the variable LESS is not set: end after one window, show colours, leave the text."""

_NOT_FOUND = (126, 127)
"""The exit codes of a shell that cannot start a program."""

_STYLE = re.compile(r"\x1b\[[0-9;]*m")


def pager_of(environ: Mapping[str, str], find: Callable[[str], str | None] = shutil.which) -> str | None:
    """The pager's command line for a shell: PAGER, or less, or more; None if there is none.

    Args:
        environ: The environment. An empty PAGER, or `cat`, means none.
        find: Gives the path of a program.

    Example:
        >>> pager_of({"PAGER": "less -S"}), pager_of({"PAGER": "cat"}), pager_of({}, lambda name: None)
        ('less -S', None, None)
    """
    if (said := environ.get("PAGER")) is not None:
        return None if said.strip() in ("", "cat") else said
    return next((name for name in ("less", "more") if find(name)), None)


def shows_colours(command: str, environ: Mapping[str, str]) -> bool:
    """Whether the pager passes colours on: every one does but a `less` that LESS tells otherwise.

    Args:
        command: The pager's command line.
        environ: The environment.
    """
    words = command.split()
    if os.path.basename(words[0]) != "less":  # noqa: PTH119 - it need not be a path
        return True
    return "R" in environ.get("LESS", LESS).upper() or any(word in ("-r", "-R") for word in words)


def rows_of(text: str, columns: int) -> int:
    """How many rows of a window a text takes.

    Args:
        text: Lines, with colours or without.
        columns: The width of the window.
    """
    lines = _STYLE.sub("", text).split("\n")
    return sum(max(1, -(-len(line) // columns)) for line in lines[:-1]) + bool(lines[-1])


class Paged:
    """A stream to a terminal. From when its text is longer than the window, a pager shows it.

    While the pager is open, Ctrl-C is for the pager alone: the person sees nothing else.

    Args:
        out: The terminal.
        command: The pager's command line.
        environ: The environment.
    """

    def __init__(self, out: TextIO, command: str, environ: Mapping[str, str]) -> None:
        self._out, self._command = out, command
        self._colours = shows_colours(command, environ)
        self._environ = {"LESS": LESS, "LV": "-c", **environ}
        self._window = shutil.get_terminal_size()
        self._texts: list[str] = []
        self._rows = 0
        self._pager: subprocess.Popen[str] | None = None
        self._before: Handler = None

    def isatty(self) -> bool:
        """Whether colours are shown."""
        return self._colours

    def fileno(self) -> int:
        """The descriptor that is written to."""
        return self._to().fileno()

    def write(self, text: str) -> None:
        """Write a text, whole lines at a time.

        Raises:
            OSError: The person has left the pager.
        """
        self._texts.append(text)
        self._rows += rows_of(text, self._window.columns)
        if self._pager is None:
            if self._rows < self._window.lines:
                return
            self._pager, text = self._start(), "".join(self._texts)
        self._pass_on(text)

    def flush(self) -> None:
        """Do nothing: each text is passed on at once, or kept."""

    def finish(self) -> None:
        """Wait until the person leaves the pager. What no pager has shown is written to the terminal."""
        try:
            if self._pager is not None:
                self._pager.communicate()
            if self._pager is None or self._pager.returncode in _NOT_FOUND:
                self._out.write("".join(self._texts))
                self._out.flush()
        finally:
            if self._before is not None:
                signal.signal(signal.SIGINT, self._before)

    def _start(self) -> subprocess.Popen[str]:
        started = subprocess.Popen(  # noqa: S602 - the person's own command line  # nosec B602
            self._command, shell=True, stdin=subprocess.PIPE, stdout=self._out, env=self._environ, text=True
        )
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, _ignore)
        return started

    def _to(self) -> IO[str]:
        return self._pager.stdin if self._pager and self._pager.stdin else self._out

    def _pass_on(self, text: str) -> None:
        """Give the pager a text. If there is no such program, the text is kept for the terminal."""
        try:
            self._to().write(text)
            self._to().flush()
        except OSError:
            if self._pager is None or self._pager.wait() not in _NOT_FOUND:
                raise


def _ignore(signum: int, frame: FrameType | None) -> None:
    """Do nothing. SIG_IGN would be inherited by the pager."""
