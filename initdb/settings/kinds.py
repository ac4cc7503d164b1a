"""The kinds of values that are texts, words, numbers and durations."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

from initdb.settings.values import Kind

LONGEST = 2_147_483.0
"""Seconds: PostgreSQL keeps its timeouts as milliseconds in 32 bits."""

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}
_DURATION = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)\s*(ms|s|m|h|)", re.ASCII)
_WHOLE = re.compile(r"\d{1,12}", re.ASCII)
_OBJECT = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*")


def text_of(value: object) -> str:
    """The text of a value, stripped, since files of secrets end in a newline; ValueError if it has none."""
    if not isinstance(value, str) or not (text := value.strip()) or not text.isprintable():
        raise ValueError
    return text


def each(parse: Callable[[object, Path], str]) -> Callable[[object, Path], tuple[str, ...]]:
    """The parser of a list: an array, or one text with commas."""

    def parse_list(value: object, base: Path) -> tuple[str, ...]:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        if not isinstance(value, list | tuple):
            raise ValueError
        return tuple(parse(item, base) for item in value)

    return parse_list


texts = each(lambda value, base: text_of(value))
"""The parser of a list of texts."""


def seconds(value: object) -> float:
    """The seconds of a number, or of a text with a unit.

    Raises:
        ValueError: The value is neither.

    Example:
        >>> seconds("500ms"), seconds("2m"), seconds(7)
        (0.5, 120.0, 7.0)
    """
    if isinstance(value, str) and (found := _DURATION.fullmatch(value.strip())):
        value = round(float(found[1]) * _SECONDS[found[2]], 6)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST:
        raise ValueError
    return float(value)


def duration(shortest: float) -> Kind:
    """A duration of at least `shortest` seconds."""

    def parse(value: object, base: Path) -> float:
        result = seconds(value)
        if result < shortest:
            raise ValueError
        return result

    least = f", at least {shortest:g} s" if shortest else ""
    return Kind("duration", f'seconds, or a text such as "500ms", "5s", "2m", "1h"{least}', parse)


def whole(least: int, most: int) -> Kind:
    """A whole number between two bounds; both are allowed."""

    def parse(value: object, base: Path) -> int:
        number = int(value) if isinstance(value, str) and _WHOLE.fullmatch(value.strip()) else value
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            raise ValueError
        return number

    return Kind("number", f"a whole number from {least} to {most}", parse)


def one_of(*choices: str) -> Kind:
    """One of a few words."""

    def parse(value: object, base: Path) -> str:
        if not isinstance(value, str) or value.strip() not in choices:
            raise ValueError
        return value.strip()

    return Kind("choice", ", ".join(choices), parse, choices)


def some_of(*choices: str) -> Kind:
    """A list of some of a few words."""

    def parse(value: object, base: Path) -> str:
        if not isinstance(value, str) or value.strip() not in choices:
            raise ValueError
        return value.strip()

    return Kind("choice", f"a list of some of {', '.join(choices)}", each(parse), choices, many=True)


def _answer(value: object, base: Path) -> str:
    """Yes, no or ask. A file may say true or false, and a variable 1 or 0."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    try:
        return _ANSWERS[text_of(value).lower()]
    except KeyError:
        raise ValueError from None


def _command(value: object, base: Path) -> str:
    """A command without a shell. `{file}` and `{database}` stand for what is known when it runs."""
    text = text_of(value)
    words = shlex.split(text)
    unknown = set(re.findall(r"\{(\w*)\}", text)) - {"file", "database"}
    prints = Path(words[0]).name in _PRINTING and "{file}" not in text
    if unknown or prints or _OF_A_SHELL & set(words):
        raise ValueError
    return text


def _program(value: object, base: Path) -> str:
    """A command without a shell, which is run as it is."""
    text = text_of(value)
    if not shlex.split(text) or _OF_A_SHELL & set(shlex.split(text)):
        raise ValueError
    return text


_OF_A_SHELL = frozenset({"|", "||", "&", "&&", ";", "<", ">", ">>", "2>"})
_PRINTING = frozenset({"pg_dump", "pg_dumpall"})
"""Programs that print the backup if they are given no file."""

_ANSWERS = {"ask": "ask", "yes": "yes", "true": "yes", "1": "yes", "no": "no", "false": "no", "0": "no"}


def _yes_or_no(value: object, base: Path) -> bool:
    said = _ANSWERS.get(text_of(value).lower() if isinstance(value, str) else str(value).lower())
    if said not in ("yes", "no"):
        raise ValueError
    return said == "yes"


def _name(value: object, base: Path) -> str:
    text = text_of(value)
    if "://" in text:  # a URL by mistake: a name is shown and stored, and a URL may hold a password
        raise ValueError
    return text


def _identifier(value: object, base: Path) -> str:
    text = _name(value, base)
    if len(text.encode()) > 63:  # PostgreSQL would cut it
        raise ValueError
    return text


def _object(value: object, base: Path) -> str:
    text = text_of(value)
    if not _OBJECT.fullmatch(text):
        raise ValueError
    return text


YES_OR_NO = Kind("choice", "true, false", _yes_or_no, ("true", "false"))
ANSWER = Kind("choice", "ask, yes, no", _answer, ("ask", "yes", "no"))
COMMAND = Kind(
    "command",
    "a command without signs of a shell such as | and >, in which {file} and {database} may stand; pg_dump"
    " needs {file}",
    _command,
)
PROGRAM = Kind("command", "a command without signs of a shell such as | and >", _program)
NAME = Kind("name", "a name of printable characters", _name)
NAMES = Kind("name", "a list of names", each(_name), many=True)
IDENTIFIER = Kind("identifier", "an identifier of at most 63 bytes", _identifier)
OBJECT = Kind("module:attribute", '"module:attribute", such as "shop.models:db"', _object)
OBJECTS = Kind(
    "module:attribute",
    '"module:attribute", such as "shop.models:db", or a list of them',
    each(_object),
    many=True,
)
