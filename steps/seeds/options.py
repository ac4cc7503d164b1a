"""The options that a source gives: its table, its key, and what happens to rows that exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from initdb.errors import InitError
from initdb.steps.seeds.model import OnConflict


@dataclass(frozen=True, slots=True)
class Options:
    """The checked options. `SeedSource` says what they mean."""

    table: str | None = None
    key: tuple[str, ...] = ()
    on_conflict: OnConflict = "skip"


def options_of(name: str, stated: Mapping[str, object], table: str | None = None) -> Options:
    """Check the options that a source gives.

    Args:
        name: The source's name.
        stated: Its "table", "key" and "on_conflict"; None for one that it does not give.
        table: The table, if the source gives none.

    Raises:
        InitError: `seed-file-unreadable`, if an option has a wrong value.
    """
    found = stated.get("table")
    if found is not None and not (isinstance(found, str) and found):
        raise InitError("seed-file-unreadable", f"{name}: its table must be a name")
    return Options(
        found or table, _key(name, stated.get("key")), _on_conflict(name, stated.get("on_conflict"))
    )


def _key(name: str, key: object) -> tuple[str, ...]:
    if key is None:
        return ()
    columns = (key,) if isinstance(key, str) else key
    if not isinstance(columns, list | tuple) or not all(
        isinstance(column, str) and column for column in columns
    ):
        raise InitError("seed-file-unreadable", f"{name}: its key must be a column's name or a list of them")
    return tuple(dict.fromkeys(columns))


def _on_conflict(name: str, value: object) -> OnConflict:
    if value is None or value == "skip":
        return "skip"
    if value == "update":
        return "update"
    raise InitError("seed-file-unreadable", f'{name}: its on_conflict must be "skip" or "update"')
