"""The parts of a journal in its database, and what else there depends on them. Data and pure functions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """An object of a database: a part of a journal, or something that depends on one.

    Attributes:
        kind: What it is: table, function, view, …
        name: Its quoted name, with its schema where there is one.
        drop: The statement that removes it; empty if there is no such statement, or none that is harmless.
        owner: The role that owns it; empty where a database has none.
        ours: Whether this role may remove it.
    """

    kind: str
    name: str
    drop: str
    owner: str = ""
    ours: bool = True


_TOKEN = re.compile(
    r"""--[^\n]* | /\*.*?(?:\*/|\Z) | '(?:[^']|'')*' | "((?:[^"]|"")*)" | \[([^\]]*)\] | `([^`]*)` | (\w+)""",
    re.VERBOSE | re.DOTALL,
)
"""SQLite's comments, texts and names (https://www.sqlite.org/lang_keywords.html)."""


def names_in(sql: str) -> Iterator[str]:
    """The names and words in a statement for SQLite, in lower case; not those in comments and texts.

    Args:
        sql: The statement.

    Example:
        >>> list(names_in("SELECT 'a' FROM [My Table] -- b"))
        ['select', 'from', 'my table']
    """
    for found in _TOKEN.finditer(sql):
        name = next(filter(None, found.groups()), None)
        if name is not None:
            yield name.replace('""', '"').lower()


def that_name_a_journal(
    objects: Iterable[tuple[str, str, str]], tables: Collection[str]
) -> Iterator[tuple[str, str]]:
    """The kinds and names of the objects of a SQLite database whose definition names a journal's table.

    Args:
        objects: Kind, name and definition of each.
        tables: The names of the journal's tables.
    """
    for kind, name, sql in objects:
        if not set(tables).isdisjoint(names_in(sql)):
            yield kind, name
