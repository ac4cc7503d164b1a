"""Adds settings to the text of a TOML file. All that is there stays as it is, also its comments."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Values = Mapping[str, str | Sequence[str]]

_HEADER = re.compile(r"\s*\[")
_EMPTY = re.compile(r"\s*(?:#.*)?")


def with_settings(text: str, table: tuple[str, ...], values: Values) -> str | None:
    """The text with values added to a table.

    They go to the end of the table if it is there, else to the end of the file. The result is parsed, to be
    sure that it says what it said before, and the values.

    Args:
        text: The text of the file.
        table: The names of the table, such as ("tool", "initdb"); none for the top of the file.
        values: Name → text or list of texts. The table has none of these names.

    Returns:
        The text; None if there is no place for the values, as in an inline table.

    Example:
        >>> print(with_settings("[tool.initdb]  # ours\\n\\n[x]\\n", ("tool", "initdb"), {"app": "a:b"}))
        [tool.initdb]  # ours
        app = "a:b"
        <BLANKLINE>
        [x]
        <BLANKLINE>
    """
    wanted = _deep_copy(tomllib.loads(text))
    inner = wanted
    for name in table:
        inner = inner.setdefault(name, {})
        if not isinstance(inner, dict):
            return None
    inner.update({name: value if isinstance(value, str) else list(value) for name, value in values.items()})
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += newline
    added = [f"{name} = {written(value)}{newline}" for name, value in values.items()]
    for at, before in _places(lines, table, newline):
        candidate = "".join([*lines[:at], *before, *added, *lines[at:]])
        if _says(candidate, wanted):
            return candidate
    return None


def _places(lines: Sequence[str], table: tuple[str, ...], newline: str) -> Iterator[tuple[int, list[str]]]:
    """The places where the values may go, the best first: the line, and what comes before the values."""
    if not table:
        first = next((at for at, line in enumerate(lines) if _HEADER.match(line)), len(lines))
        yield _after_content(lines, 0, first), []
        yield 0, []
        return
    header = re.compile(r"\s*\[\s*" + r"\s*\.\s*".join(map(re.escape, table)) + r"\s*\]\s*(?:#.*)?$")
    for at, line in enumerate(lines):
        if header.match(line.rstrip("\r\n")):
            following = (below for below, other in enumerate(lines[at + 1 :], at + 1) if _HEADER.match(other))
            yield _after_content(lines, at + 1, next(following, len(lines))), []
            yield at + 1, []
    yield len(lines), [*([newline] if lines and lines[-1].strip() else []), f"[{'.'.join(table)}]{newline}"]


def _after_content(lines: Sequence[str], first: int, end: int) -> int:
    """The line after the last one that is neither empty nor a comment: those belong to what follows."""
    while end > first and _EMPTY.fullmatch(lines[end - 1].rstrip("\r\n")):
        end -= 1
    return end


def _says(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False


def written(value: str | Sequence[str]) -> str:
    """A value as TOML has it."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return "[" + ", ".join(map(written, value)) + "]"


def _deep_copy(table: dict[str, Any]) -> dict[str, Any]:
    return {name: _deep_copy(value) if isinstance(value, dict) else value for name, value in table.items()}
