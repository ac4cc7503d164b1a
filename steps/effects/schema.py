"""The tables that are there before a plan, followed through its statements: renamed, dropped, rebuilt."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from initdb.steps.effects.reader import Name
from initdb.steps.effects.types import ColumnType

Columns = Callable[[Name], Mapping[str, str]]


def _no_columns(_: Name) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Present:
    """What the database has before the first statement.

    Attributes:
        tables: Its tables, each as schema and name; the default schema is None.
        columns: Gives the columns of a table, each with its type as text. Called only where a type changes or
            a table is rebuilt.
        default_schema: The name of the default schema.
    """

    tables: Collection[Name] = ()
    columns: Columns = _no_columns
    default_schema: str | None = None


class Schema:
    """The tables that were present, while statements change them. Tables that a plan itself makes are new.

    What is done to a new table needs no mark: it holds nothing yet, and nobody uses it.
    """

    def __init__(self, present: Present) -> None:
        self._present = present
        self._first = {name: name for name in present.tables}
        self._types: dict[Name, dict[str, ColumnType]] = {}

    def key(self, name: Name) -> Name:
        """The name without the default schema."""
        schema, table = name
        return (None, table) if schema == self._present.default_schema else name

    def has(self, name: Name) -> bool:
        """Whether it is a table that was there before."""
        return self.key(name) in self._first

    def label(self, name: Name) -> str:
        """The table's name for people."""
        schema, table = self.key(name)
        return f"{schema}.{table}" if schema else table

    def types(self, name: Name) -> dict[str, ColumnType]:
        """The columns of a table that was there before, with their types as far as they are known now."""
        key = self.key(name)
        if key not in self._types:
            read = self._present.columns(self._first[key]) if key in self._first else {}
            self._types[key] = {column: ColumnType.read(text) for column, text in read.items()}
        return self._types[key]

    def drop(self, name: Name) -> None:
        """The table is gone. One that is made under its name later is new."""
        self._first.pop(self.key(name), None)
        self._types.pop(self.key(name), None)

    def rename(self, name: Name, new: str) -> None:
        """The table has another name."""
        key = self.key(name)
        if key in self._first:
            types = self.types(key)
            target = (key[0], new)
            self._first[target] = self._first.pop(key)
            self._types[target] = types
            self._types.pop(key, None)
