"""Recognizes texts of one form, many at once, by the standard library's own loops.

Where one text has another form, the whole column is converted value by value.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from datetime import date, datetime
from typing import TypeAlias

from sqlalchemy.types import TypeEngine

from initdb.steps.seeds.row_values import Value

Given: TypeAlias = list[Value]


def as_they_are(values: Given, kind: TypeEngine[Value]) -> Given | None:
    """The values themselves."""
    return values


def whole_numbers(values: Given) -> bool:
    """Whether every text may be a whole number. A minus may still be at a wrong place."""
    joined = "".join(values)
    return joined.isascii() and joined.replace("-", "").isdigit()


def all_match(pattern: re.Pattern[str], values: Given) -> str | None:
    """The texts with a newline behind each; None if one does not match.

    Args:
        pattern: Of one text, without newlines, and then a newline; any number of times.
        values: The texts.
    """
    joined = "\n".join(values) + "\n"
    return joined if joined.count("\n") == len(values) and pattern.fullmatch(joined) else None


def apart(joined: str) -> list[str]:
    """The texts of what `all_match` gives."""
    return joined.split("\n")[:-1]


def each(check: Callable[[str], object], values: Given) -> None:
    """Call a function for each value, for what it raises."""
    deque(map(check, values), maxlen=0)


DAYS = re.compile(r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}\n)*+")
MOMENTS = re.compile(r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}\n)*+")
UUIDS = re.compile(r"(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\n)*+")


def days(values: Given, kind: TypeEngine[Value]) -> Given | None:
    """Dates as texts."""
    if all_match(DAYS, values) is None:
        return None
    each(date.fromisoformat, values)
    return values


def moments(values: Given) -> str | None:
    """Dates with times as texts, with a blank between them, joined; None if one has another form."""
    joined = all_match(MOMENTS, values)
    if joined is None:
        return None
    each(datetime.fromisoformat, values)
    return joined.replace("T", " ")
