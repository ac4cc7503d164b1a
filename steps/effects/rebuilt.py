"""Finds the tables that a script rebuilds: it makes a copy, drops the table, and gives the copy its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from initdb.steps.effects.reader import Name, Reader
from initdb.steps.effects.schema import Schema
from initdb.steps.effects.tokens import Statement, split

_NO_COLUMN = frozenset({"CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "EXCLUDE", "LIKE"})
"""The first words of what is in a CREATE TABLE beside columns."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A table that is rebuilt.

    Attributes:
        lost: The columns that the new table does not have.
    """

    lost: tuple[str, ...]


def rebuilt_in(script: Sequence[Statement], schema: Schema) -> Mapping[Name, Rebuilt]:
    """The tables that a script rebuilds, as SQLite's batch mode does.

    Args:
        script: Its statements.
        schema: The tables as they are before it.
    """
    made: dict[Name, tuple[str, ...]] = {}
    dropped: set[Name] = set()
    found: dict[Name, Rebuilt] = {}
    for statement in script:
        reader = Reader(statement)
        if reader.take("CREATE", "TABLE"):
            made.update(_created(reader, schema))
        elif reader.take("DROP", "TABLE"):
            reader.take("IF", "EXISTS")
            dropped |= {schema.key(name) for name in reader.names() if schema.has(name)}
        elif reader.take("ALTER", "TABLE"):
            name = reader.name()
            if name is None or not reader.take("RENAME", "TO"):
                continue
            new = reader.name()
            target = (schema.key(name)[0], new[1]) if new else None
            if target in dropped and schema.key(name) in made:
                lost = [one for one in schema.types(target) if one not in made[schema.key(name)]]
                found[target] = Rebuilt(tuple(lost))
    return found


def _created(reader: Reader, schema: Schema) -> Iterator[tuple[Name, tuple[str, ...]]]:
    reader.take("IF", "NOT", "EXISTS")
    name = reader.name()
    if name is not None and reader.take("("):
        yield schema.key(name), tuple(_columns(reader.rest))


def _columns(rest: Statement) -> Iterator[str]:
    """The columns of a CREATE TABLE, from what follows its parenthesis."""
    depth, end = 1, len(rest)
    for at, token in enumerate(rest):
        depth += {"(": 1, ")": -1}.get(token.word, 0)
        if depth == 0:
            end = at
            break
    for part in split(rest[:end]):
        if part and part[0].word not in _NO_COLUMN and part[0].identifier is not None:
            yield part[0].identifier
