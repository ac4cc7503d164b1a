"""What a command prints: lines or JSON on stdout, failures on stderr, one line that is updated in place."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, TextIO, cast

from initdb.cli.output.pager import Paged, pager_of
from initdb.errors import Rendered, render
from initdb.errors.faces import as_typed
from initdb.errors.safe import escape, safe_text

if TYPE_CHECKING:
    from rich.console import Console

Part = str | tuple[str, str]
"""A piece of a line: a text, or a text and its style (`bold`, `green`, `dim` …)."""

_ERASE = "\r\x1b[2K"


def is_terminal(stream: TextIO | None) -> bool:
    """Whether the stream is a terminal that can update a line in place."""
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def is_colourful(stream: TextIO | None) -> bool:
    """Whether the stream may have colours: a terminal, if NO_COLOR is not set (https://no-color.org)."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def write_safely(stream: TextIO | None, text: str) -> OSError | None:
    """Write to a stream. If that fails, the command goes on, and nothing more is written to its descriptor.

    Args:
        stream: The stream; nothing is written to None.
        text: The text.

    Returns:
        Why it cannot be written; None if it was.
    """
    if stream is None:
        return None
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        # Otherwise the rest of the buffer would fail again at the end of the process.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return error
    return None


class Screen:
    """The output of a command. `say` prints for people, `emit` for programs; one of the two does nothing.

    Args:
        quiet: Whether `say` prints nothing.
        as_json: Whether `emit` prints, and `say` does not.

    Attributes:
        is_gone: Whether nobody reads stdout any more.
    """

    def __init__(self, *, quiet: bool = False, as_json: bool = False) -> None:
        self.quiet, self.as_json = quiet, as_json
        self.is_gone = False
        # While the application's code runs, sys.stdout is another stream.
        self._out = sys.stdout
        self._in_place = False

    @property
    def silent(self) -> bool:
        """Whether nothing is printed for people."""
        return self.quiet or self.as_json

    @property
    def is_live(self) -> bool:
        """Whether a line can be updated in place."""
        return not self.silent and is_terminal(self._out)

    @cached_property
    def _console(self) -> Console:
        from rich.console import Console  # 50 ms, which a command without lines for people saves

        return Console(
            file=self._out,
            color_system="auto" if is_colourful(self._out) else None,
            markup=False,
            highlight=False,
            emoji=False,
            soft_wrap=True,
        )

    def say(self, *parts: Part) -> None:
        """Print a line for people. Each part is made safe to print."""
        if self.silent:
            return
        from rich.text import Text

        self.clear()
        pieces = [(part, "") if isinstance(part, str) else part for part in parts]
        pieces = [(as_typed(text), style) for text, style in pieces]
        with self._console.capture() as line:
            self._console.print(Text.assemble(*((_printable(text), style) for text, style in pieces)))
        self._write(line.get())

    def show(self, text: str) -> None:
        """Print a line that the next one replaces; nothing if that is not possible."""
        if self.is_live:
            width = shutil.get_terminal_size().columns - 1
            self._write(f"{_ERASE}{safe_text(text)[:width]}")
            self._in_place = True

    def clear(self) -> None:
        """Remove the line that was shown."""
        if self._in_place:
            self._in_place = False
            self._write(_ERASE)

    def emit(self, data: Mapping[str, object]) -> None:
        """Print the JSON object of a command, in ASCII. Commands in its texts are as one types them here."""
        if self.as_json:
            self._write(json.dumps(_typed(data), default=str).replace("\x7f", "\\u007f") + "\n")

    def print(self, text: str) -> None:
        """Print a text as it is, also with --quiet, since it was asked for.

        On a terminal, what is not printable is spelled out: in SQL a revision may have put it there.
        """
        shown = _visible(text) if self._out is not None and self._out.isatty() else text
        self._write(f"{shown}\n")

    @contextmanager
    def paged(self) -> Iterator[None]:
        """Show what the block prints in a pager, if it is longer than the window of the terminal."""
        command = None if self.silent or not is_terminal(self._out) else pager_of(os.environ)
        if command is None:
            yield
            return
        paged = Paged(self._out, command, os.environ)
        terminal, self._out = self._out, cast("TextIO", paged)
        try:
            yield
        finally:
            paged.finish()
            self._out = terminal

    def warn(self, text: str) -> None:
        """Print a line on stderr, for people and logs, even if nothing else is printed."""
        self.clear()
        self._complain(_printable(as_typed(text)))

    def disclose(self, text: str) -> None:
        """Print on stderr what errors leave out, for the person who asked. Nothing is hidden in it."""
        self.clear()
        lines = "".join(f"\n  {line}" for line in text.splitlines())
        self._complain(f"with its values, printed this once and stored nowhere:{lines}")

    def fail(self, error: Rendered) -> None:
        """Print a failure on stderr, as it is shown everywhere."""
        self.clear()
        self._complain(render(error, colour=is_colourful(sys.stderr)))

    def _complain(self, text: str) -> None:
        """Write to stderr, which may have lost its reader too."""
        write_safely(sys.stderr, f"{text}\n")

    def _write(self, text: str) -> None:
        """Write to stdout. If its reader is gone, or the disk is full, the command goes on."""
        error = write_safely(self._out, text)
        if error is not None:
            self.is_gone = True
            if not isinstance(error, BrokenPipeError):
                self.warn(f"warning: stdout cannot be written: {error.strerror}")


def _typed(value: object) -> object:
    """The value with every text in it as one types it here."""
    if isinstance(value, str):
        return as_typed(value)
    if isinstance(value, Mapping):
        return {name: _typed(one) for name, one in value.items()}
    return [_typed(one) for one in value] if isinstance(value, list | tuple) else value


def _visible(text: str) -> str:
    """The text with its lines and tabs, and without other control characters."""
    return "\n".join("\t".join(map(escape, line.split("\t"))) for line in text.split("\n"))


def _printable(text: str) -> str:
    """The text without control characters and secrets. Its outer spaces stay, since they align columns."""
    bare = text.strip(" ")
    if not bare:
        return text
    before = len(text) - len(text.lstrip(" "))
    return f"{text[:before]}{safe_text(bare, 2000)}{text[before + len(bare) :]}"
