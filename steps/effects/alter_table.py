"""Marks an ALTER TABLE, action by action."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from initdb.steps.effects import mark
from initdb.steps.effects.mark import Mark, blocks, destructive
from initdb.steps.effects.reader import Name, Reader
from initdb.steps.effects.schema import Schema
from initdb.steps.effects.tokens import Statement, split
from initdb.steps.effects.types import ColumnType, narrows, rewrites

_STABLE = frozenset(
    [
        "ARRAY",
        "CAST",
        "COALESCE",
        "CURRENT_DATE",
        "CURRENT_TIME",
        "CURRENT_TIMESTAMP",
        "CURRENT_USER",
        "DATE_TRUNC",
        "JSONB_BUILD_OBJECT",
        "JSON_BUILD_OBJECT",
        "LOCALTIMESTAMP",
        "LOWER",
        "MAKE_INTERVAL",
        "MD5",
        "NOW",
        "STATEMENT_TIMESTAMP",
        "TIMEZONE",
        "TO_TIMESTAMP",
        "TRANSACTION_TIMESTAMP",
        "UPPER",
    ]
)
"""Functions that give every row the same default, so that no row is written."""

_SERIAL = frozenset({"SERIAL", "BIGSERIAL", "SMALLSERIAL", "SERIAL4", "SERIAL8", "SERIAL2"})
_ADDED = ("COLUMN", "CONSTRAINT", "FOREIGN", "CHECK", "UNIQUE", "PRIMARY", "EXCLUDE")
_REWRITES = (("SET", "TABLESPACE"), ("SET", "LOGGED"), ("SET", "UNLOGGED"), ("SET", "ACCESS", "METHOD"))


@dataclass(frozen=True, slots=True)
class _Table:
    """The table that is altered."""

    name: Name
    schema: Schema
    database: str

    @property
    def label(self) -> str:
        return self.schema.label(self.name)

    def rewritten(self, what: str, instead: str = "") -> Mark:
        return blocks(f"{what}; every row is rewritten, and reads and writes of {self.label} wait", instead)

    def checked(self, what: str, who: str) -> Mark:
        return blocks(f"{what}; every row is read, and {who} wait", mark.NOT_VALID)

    def indexed(self, what: str, instead: str = "") -> Mark:
        return blocks(f"{what}; its index is built, and reads and writes of {self.label} wait", instead)


def alter_table(reader: Reader, database: str, schema: Schema) -> Iterator[Mark]:
    """Mark an ALTER TABLE.

    Args:
        reader: After these two words.
        database: "postgresql" or "sqlite".
        schema: The tables as they are; it is changed.
    """
    reader.take("IF", "EXISTS")
    reader.take("ONLY")
    name = reader.name()
    reader.take("*")
    if name is None or not schema.has(name):
        return
    table = _Table(name, schema, database)
    for action in split(reader.rest):
        yield from _action(Reader(action), table)


def _action(reader: Reader, table: _Table) -> Iterator[Mark]:
    if reader.take("DROP"):
        yield from _drop(reader, table)
    elif reader.take("RENAME"):
        _rename(reader, table)
    elif table.database != "postgresql":
        return
    elif reader.take("ADD"):
        yield from _add(reader, table)
    elif reader.take("ALTER"):
        yield from _alter_column(reader, table)
    elif reader.take("ATTACH", "PARTITION"):
        partition = reader.name()
        label = table.schema.label(partition) if partition else "the partition"
        yield blocks(f"attaches {label}; its rows are read, and writes to it wait", _PARTITION)
    elif any(reader.take(*words) for words in _REWRITES):
        yield table.rewritten(f"moves {table.label}")


_PARTITION = "first give it a validated CHECK that says the same as its bounds"


def _drop(reader: Reader, table: _Table) -> Iterator[Mark]:
    constraint = reader.take("CONSTRAINT")
    reader.take("COLUMN")
    reader.take("IF", "EXISTS")
    name = reader.name()
    if name is None:
        return
    if constraint:
        text = f"drops constraint {name[1]} of {table.label}: rows that break it are accepted from then on"
        yield destructive(text, "first add what replaces it")
        return
    table.schema.types(table.name).pop(name[1], None)
    yield destructive(f"drops column {table.label}.{name[1]} with its values", mark.UNUSED)


def _rename(reader: Reader, table: _Table) -> None:
    if reader.take("TO"):
        new = reader.name()
        if new is not None:
            table.schema.rename(table.name, new[1])
        return
    reader.take("COLUMN")
    old = reader.name()
    new = reader.name() if reader.take("TO") else None
    types = table.schema.types(table.name)
    if old is not None and new is not None and old[1] in types:
        types[new[1]] = types.pop(old[1])


def _add(reader: Reader, table: _Table) -> Iterator[Mark]:
    what = reader.take_one(*_ADDED) or "COLUMN"
    if what == "COLUMN":
        yield from _add_column(reader, table)
        return
    name = ""
    if what == "CONSTRAINT":
        found = reader.name()
        name = f" {found[1]}" if found else ""
        what = reader.take_one("FOREIGN", "CHECK", "UNIQUE", "PRIMARY", "EXCLUDE", "NOT")
    rest = Reader(reader.rest)
    if rest.skip_to("NOT", "VALID") or Reader(reader.rest).skip_to("USING", "INDEX"):
        return
    if what == "FOREIGN":
        yield _foreign_key(reader, table, f"adds foreign key{name}")
    elif what in ("CHECK", "NOT"):
        kind = "check" if what == "CHECK" else "not-null constraint"
        yield table.checked(f"adds {kind}{name}", f"reads and writes of {table.label}")
    elif what in ("UNIQUE", "PRIMARY"):
        kind = "unique constraint" if what == "UNIQUE" else "primary key"
        yield table.indexed(f"adds {kind}{name}", mark.BY_INDEX)
    elif what == "EXCLUDE":
        yield table.indexed(f"adds constraint{name}")


def _foreign_key(reader: Reader, table: _Table, what: str) -> Mark:
    other = reader.name() if reader.skip_to("REFERENCES") else None
    tables = [table.label, *([table.schema.label(other)] if other else [])]
    return table.checked(what, f"writes to {' and '.join(dict.fromkeys(tables))}")


def _add_column(reader: Reader, table: _Table) -> Iterator[Mark]:
    reader.take("IF", "NOT", "EXISTS")
    name = reader.name()
    if name is None:
        return
    rest = reader.rest
    column = f"adds column {name[1]}"
    table.schema.types(table.name)[name[1]] = ColumnType.of(rest)
    if rest and rest[0].word in _SERIAL:
        yield table.rewritten(f"{column}, numbered", mark.NEW_COLUMN)
    elif _is_generated(rest):
        yield table.rewritten(f"{column}, computed")
    elif (function := _volatile_default(rest)) is not None:
        instead = "add the column without it, then SET DEFAULT, then fill the rows in batches"
        yield table.rewritten(f"{column} with default {function}()", instead)
    if Reader(rest).skip_to("REFERENCES"):
        yield _foreign_key(reader, table, f"{column} with a foreign key")
    elif Reader(rest).skip_to("UNIQUE") or Reader(rest).skip_to("PRIMARY", "KEY"):
        yield table.indexed(column, mark.BY_INDEX)


def _is_generated(rest: Statement) -> bool:
    reader = Reader(rest)
    return reader.skip_to("GENERATED") and (
        Reader(reader.rest).skip_to("STORED") or Reader(reader.rest).skip_to("AS", "IDENTITY")
    )


def _volatile_default(rest: Statement) -> str | None:
    """The function in a default that may give each row another value; None if there is none."""
    reader = Reader(rest)
    if not reader.skip_to("DEFAULT"):
        return None
    tokens = reader.rest
    for here, following in pairwise(tokens):
        if here.word in ("NOT", "NULL", "CHECK", "REFERENCES", "CONSTRAINT", "UNIQUE", "::"):
            break
        if following.word == "(" and here.kind in ("word", "name") and here.text.upper() not in _STABLE:
            return here.text
    return None


def _alter_column(reader: Reader, table: _Table) -> Iterator[Mark]:
    reader.take("COLUMN")
    found = reader.name()
    if found is None:
        return
    column = f"{table.label}.{found[1]}"
    if reader.take("SET", "NOT", "NULL"):
        text = f"sets {column} NOT NULL; every row is read, and reads and writes of {table.label} wait"
        yield blocks(text, _CHECK_FIRST)
        return
    reader.take("SET", "DATA")
    if not reader.take("TYPE"):
        return
    types = table.schema.types(table.name)
    old, new = types.get(found[1]), ColumnType.of(reader.rest)
    types[found[1]] = new
    said = _said(reader.rest)
    if old is not None and narrows(old, new):
        text = f"makes {column} narrower ({said}): values that do not fit fail it, or are cut"
        yield destructive(text, "look for such values first, and keep a backup")
    if rewrites(old, new):
        yield table.rewritten(f"changes {column} to {said}", mark.NEW_COLUMN)


_CHECK_FIRST = "first ADD CHECK (… IS NOT NULL) NOT VALID, and VALIDATE it: then no row is read"


def _said(rest: Statement) -> str:
    """The type as it is written."""
    words: list[str] = []
    for token in rest:
        if token.word in ("USING", "COLLATE"):
            break
        words.append(token.text)
    return " ".join(words).replace(" (", "(").replace("( ", "(").replace(" )", ")").replace(" ,", ",").lower()
