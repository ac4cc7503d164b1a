"""Converts the values of one column of a batch at once to what the driver sends.

It gives the same as converting each value for itself. Where it cannot tell, it raises NotBulk, and the rows
are stored one by one.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

from sqlalchemy import JSON, Column, Dialect
from sqlalchemy.types import TypeEngine

from initdb.steps.seeds.empty import LEFT_OUT, of_nothing
from initdb.steps.seeds.values import converter, plain_type, sort_of

Values: TypeAlias = Sequence[Any]

Columns: TypeAlias = Sequence[Values]
"""The values of some rows, column by column."""

Finish: TypeAlias = Callable[[Any], Any]
"""From a value of the driver to what is sent; it raises LookupError for a value that it cannot write."""

Shortcut: TypeAlias = Callable[[list[Any], TypeEngine[Any]], list[Any] | None]
"""Converts values of one type; None if it cannot do so for all of them."""

Shortcuts: TypeAlias = Mapping[tuple[str, type], Shortcut]
"""By the sort of the column and the type of the values."""


class NotBulk(Exception):
    """The rows of a batch must be stored one by one."""


@dataclass(frozen=True, slots=True)
class Typed:
    """How the values of a column are sent.

    Attributes:
        column: The column.
        text: Whether the values are texts of a CSV file.
        general: Converts one value.
        shortcuts: What converts many values at once.
    """

    column: Column[object]
    text: bool
    general: Callable[[Any], Any]
    shortcuts: Shortcuts

    def __call__(self, values: Values) -> list[Any]:
        """Convert the values.

        Raises:
            NotBulk: A value does not fit, or is left out of its row.
        """
        try:
            return self._all(values)
        except NotBulk:
            raise
        except Exception as error:  # a type of the application may raise anything, and will again
            raise NotBulk from error

    def _all(self, values: Values) -> list[Any]:
        nothing = "" if self.text else None
        if all(values) if self.text else nothing not in values:
            return self._present(values if isinstance(values, list) else list(values))
        empty = self._nothing()
        found = iter(self._present([value for value in values if value != nothing]))
        return [empty if value == nothing else next(found) for value in values]

    def _nothing(self) -> Any:
        if not self.text:
            return self.general(None)
        value = of_nothing(self.column)()
        if value is not LEFT_OUT:
            return self.general(value)
        column = self.column
        if column.nullable and column.default is None and column.server_default is None:
            return self.general(LEFT_OUT)
        raise NotBulk

    def _present(self, values: list[Any]) -> list[Any]:
        kinds = {str} if self.text else set(map(type, values))
        if len(kinds) != 1:
            return [self.general(value) for value in values]
        (kind,) = kinds
        shortcut = self.shortcuts.get((sort_of(self.column), kind))
        if shortcut is not None and type(self.column.type).__module__.startswith("sqlalchemy."):
            found = shortcut(values, self.column.type)
            if found is not None and all(_same(found[at], self.general(values[at])) for at in (0, -1)):
                return found
        if kind in _MEMORABLE:
            return list(map(_Memo(self.general).__getitem__, values))
        return [self.general(value) for value in values]


_MEMORABLE = (str, bool, int)


def typed(
    column: Column[object], dialect: Dialect, shortcuts: Shortcuts, finish: Finish, *, text: bool
) -> Typed:
    """How the values of a column are sent to a database.

    Args:
        column: The column.
        dialect: Of the database.
        shortcuts: Of the database.
        finish: Gives a value of the driver the form in which it is sent.
        text: Whether the values are texts of a CSV file.
    """
    convert = converter(column, text=text)
    process = column.type.dialect_impl(dialect).bind_processor(dialect)
    is_json = isinstance(plain_type(column), JSON)

    def general(value: Any) -> Any:
        if value is LEFT_OUT or (value is None and text and is_json):
            return finish(None)
        made = convert(value)
        # psycopg2 would wrap bytes in an object without a text form.
        return finish(made if process is None or type(made) is bytes else process(made))

    return Typed(column, text, general, shortcuts)


class _Memo(dict[Any, Any]):
    """What was converted, so that each value of a batch is converted once."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, value: Any) -> Any:
        made = self[value] = self._make(value)
        return made


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


def as_they_are(values: list[Any], kind: TypeEngine[Any]) -> list[Any] | None:
    """The values themselves."""
    return values


def whole_numbers(values: list[Any]) -> bool:
    """Whether every text may be a whole number. A minus may still be at a wrong place."""
    joined = "".join(values)
    return joined.isascii() and joined.replace("-", "").isdigit()


def all_match(pattern: re.Pattern[str], values: list[Any]) -> str | None:
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


def each(check: Callable[[str], object], values: list[Any]) -> None:
    """Call a function for each value, for what it raises."""
    deque(map(check, values), maxlen=0)


DAYS = re.compile(r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}\n)*+")
MOMENTS = re.compile(r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}\n)*+")
UUIDS = re.compile(r"(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\n)*+")


def days(values: list[Any], kind: TypeEngine[Any]) -> list[Any] | None:
    """Dates as texts."""
    if all_match(DAYS, values) is None:
        return None
    each(date.fromisoformat, values)
    return values


def moments(values: list[Any]) -> str | None:
    """Dates with times as texts, with a blank between them, joined; None if one has another form."""
    joined = all_match(MOMENTS, values)
    if joined is None:
        return None
    each(datetime.fromisoformat, values)
    return joined.replace("T", " ")
