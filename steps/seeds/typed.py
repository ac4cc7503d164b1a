"""Converts the values of one column of a batch at once to what the driver sends.

It gives the same as converting each value for itself. Where it cannot tell, it raises NotBulk, and the rows
are stored one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import JSON, Column, Dialect
from sqlalchemy.types import TypeEngine

from initdb.errors.translated import translated
from initdb.steps.seeds.empty import LEFT_OUT, of_nothing
from initdb.steps.seeds.row_values import Value, Values
from initdb.steps.seeds.values import converter, plain_type, sort_of

Finish: TypeAlias = Callable[[Value], Value]
"""From a value of the driver to what is sent; it raises LookupError for a value that it cannot write."""

Shortcut: TypeAlias = Callable[[list[Value], TypeEngine[Value]], list[Value] | None]
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
    general: Callable[[Value], Value]
    shortcuts: Shortcuts

    def __call__(self, values: Values) -> list[Value]:
        """Convert the values.

        Raises:
            NotBulk: A value does not fit, or is left out of its row.
        """
        # A type of the application may raise anything. It will again, and then the row is named.
        with translated(lambda error: NotBulk(), NotBulk):
            return self._all(values)

    def _all(self, values: Values) -> list[Value]:
        nothing = "" if self.text else None
        if all(values) if self.text else nothing not in values:
            return self._present(values if isinstance(values, list) else list(values))
        empty = self._nothing()
        found = iter(self._present([value for value in values if value != nothing]))
        return [empty if value == nothing else next(found) for value in values]

    def _nothing(self) -> Value:
        if not self.text:
            return self.general(None)
        value = of_nothing(self.column)()
        if value is not LEFT_OUT:
            return self.general(value)
        column = self.column
        if column.nullable and column.default is None and column.server_default is None:
            return self.general(LEFT_OUT)
        raise NotBulk

    def _present(self, values: list[Value]) -> list[Value]:
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

    def general(value: Value) -> Value:
        if value is LEFT_OUT or (value is None and text and is_json):
            return finish(None)
        made = convert(value)
        # psycopg2 would wrap bytes in an object without a text form.
        return finish(made if process is None or type(made) is bytes else process(made))

    return Typed(column, text, general, shortcuts)


class _Memo(dict[Value, Value]):
    """What was converted, so that each value of a batch is converted once."""

    def __init__(self, make: Callable[[Value], Value]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, value: Value) -> Value:
        made = self[value] = self._make(value)
        return made


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other
