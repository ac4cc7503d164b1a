"""Reads the rows of a JSON file piece by piece, so that memory does not grow with the file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Protocol

import orjson

from initdb.steps.seeds.row_values import Value

_SIZE = 1 << 16
"""How many characters are read at once."""

_BLANK = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


class Text(Protocol):
    """A file of text."""

    def read(self, size: int, /) -> str:
        """The next characters; none at the end."""


def json_members(file: Text) -> Iterator[tuple[str | None, Value | Iterator[Value]]]:
    """The members of a document: of an object each one, of anything else itself, under None.

    A list of rows is an iterator. It must be exhausted before the next member is asked for.

    Args:
        file: The document.

    Raises:
        ValueError: It is not JSON. The text of the error has no place in the file.
        RecursionError: It has too many brackets.
    """
    window = _Window(file)
    if not window.peek():
        return
    if window.peek() != "{":
        yield None, _each(window) if window.peek() == "[" else window.value()
    else:
        window.take("{")
        if window.peek() == "}":
            yield None, {}
        while window.peek() != "}":
            name = window.value()
            if not isinstance(name, str):
                raise ValueError("a name must be a text")
            window.take(":")
            yield name, _each(window) if name == "rows" and window.peek() == "[" else window.value()
            if not window.comma("}"):
                break
        window.take("}")
    if window.peek():
        raise ValueError("something follows the document")


_DIGITS = bytes.maketrans(b"0123456789", b"0" * 10)
_LONG = b"0" * 19


def _loads(text: str) -> list[Value]:
    """The values of a whole list. orjson would make floats of numbers that 64 bits cannot hold."""
    content = text.encode()
    loads = json.loads if _LONG in content.translate(_DIGITS) else orjson.loads
    found: list[Value] = loads(content)
    return found


def _each(window: _Window) -> Iterator[Value]:
    return chain.from_iterable(window.rows())


class _Window:
    """The part of a file that is looked at."""

    def __init__(self, file: Text) -> None:
        self._file, self._text, self._at = file, "", 0

    def peek(self) -> str:
        """The next character that is not blank; "" at the end."""
        while True:
            found = _BLANK.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, character: str) -> None:
        """Go past a character. Raises ValueError if it is not there."""
        if self.peek() != character:
            raise ValueError(f"it should be {character}")
        self._at += 1

    def comma(self, end: str) -> bool:
        """Go past a comma, which another value must follow. False if the end is there."""
        if self.peek() == end:
            return False
        self.take(",")
        if self.peek() == end:
            raise ValueError("a comma at the end")
        return True

    def value(self) -> Value:
        """The next value."""
        while True:
            self.peek()
            try:
                found, end = _DECODER.raw_decode(self._text, self._at)
            except ValueError:
                if not self._more():
                    raise
                continue
            # A number may go on in what is not read yet.
            if end < len(self._text) or not self._more():
                self._at = end
                return found

    def rows(self) -> Iterator[list[Value]]:
        """The values of a list, some at a time."""
        self.take("[")
        while self.peek() != "]":
            if len(self._text) - self._at < _SIZE:
                self._more()
            if many := self._many():
                yield many
                if self.peek() == "]":
                    raise ValueError("a comma at the end")
                continue
            yield [self.value()]
            if not self.comma("]"):
                break
        self.take("]")

    def _many(self) -> list[Value]:
        """The values up to a comma behind a brace, if that one is between two of them."""
        cut = self._text.rfind("},", self._at)
        if cut < 0:
            return []
        try:
            # What is inside of a value or of a text would leave a bracket or a quote open.
            found = _loads(f"[{self._text[self._at : cut + 1]}]")
        except ValueError:
            return []
        self._at = cut + 2
        return found

    def _more(self) -> bool:
        rest = self._text[self._at :]
        more = self._file.read(max(_SIZE, len(rest)))
        self._text, self._at = rest + more, 0
        return bool(more)
