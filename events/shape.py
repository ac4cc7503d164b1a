"""Judges the tables that have a journal's names: whether they are a journal, and what one lacks. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from initdb.errors import InitError
from initdb.events.entry import COLUMNS
from initdb.events.head import NAMES

JOURNAL, HEAD, VERSION = NAMES

COLUMNS_OF: Mapping[str, frozenset[str]] = {
    JOURNAL: frozenset(COLUMNS),
    HEAD: frozenset({"id", "seq", "hash", "schema_version", "min_writer"}),
    VERSION: frozenset({"version_num"}),
}

SINCE: Mapping[str, int] = {"init_journal_run": 2, "init_journal_type_seq": 3, VERSION: 2}
"""The version of the journal that added a table or an index. Version 1 may have a version table too."""

FORMER: Mapping[str, int] = {"init_journal_type": 2}
"""The version that added an index which a later one dropped. A journal may have it or not."""

OF_THE_JOURNAL = (*COLUMNS_OF, *(name for name in SINCE if name != VERSION), *FORMER)
"""The names of all tables and indexes of a journal."""


@dataclass(frozen=True, slots=True)
class Relation:
    """What has one of the journal's names in a schema.

    Attributes:
        kind: What it is, in words: table, view, index, …
        columns: The names of its columns.
    """

    kind: str
    columns: frozenset[str] = frozenset()


def fault(found: Mapping[str, Relation], database: str) -> InitError | None:
    """Say why tables are not a journal.

    Args:
        found: What has the journal's names, as `Database.relations` gives it.
        database: "sqlite" or "postgresql".

    Returns:
        None if they are a journal, or if there are none. Else an error: "foreign-journal-table" if one of
        them is something else, "journal-unreadable" if a table is missing.

    Example:
        >>> fault({"init_journal": Relation("view")}, "sqlite").context
        ('init_journal is a view',)
    """
    foreign = {name: why for name, it in sorted(found.items()) if (why := _foreign(name, it, found))}
    if foreign:
        names = {"TABLENAME": next(iter(foreign))}
        return InitError("foreign-journal-table", *foreign.values(), database=database, names=names)
    lacking = [name for name in (JOURNAL, HEAD) if name not in found]
    if found and lacking:
        said = f"there is {', '.join(sorted(found))}, but no {' and no '.join(lacking)}"
        return InitError("journal-unreadable", said, database=database)
    return None


def _foreign(name: str, relation: Relation, found: Mapping[str, Relation]) -> str:
    """Why it is not the journal's; empty if it may be."""
    columns = COLUMNS_OF.get(name)
    if columns is None:
        return "" if JOURNAL in found else f"{name} is an {relation.kind} of something else"
    if relation.kind != "table":
        return f"{name} is a {relation.kind}"
    lacking = ", ".join(sorted(columns - relation.columns))
    return f"{name} has no {lacking}" if lacking else ""


def amendments(
    found: Mapping[str, Relation], rows: Collection[str] | None, version: int, ddl: Collection[str], at: str
) -> Iterator[str]:
    """Give the statements that make a journal's tables what the version in its head says.

    A run that was interrupted, or a tool, may have left them at another version.

    Args:
        found: What has the journal's names, as `Database.relations` gives it.
        rows: The rows of the version table; None if they may not be read.
        version: The version in the head.
        ddl: The statements that create a journal, as `Database.ddl` gives them.
        at: The quoted schema with its dot.

    Returns:
        The statements, in order; none if the tables are as they should be.
    """
    for name, since in {**SINCE, **FORMER}.items():
        if version >= since and name not in found and name in SINCE:
            yield next(one for one in ddl if f"{name} " in one and one.startswith("CREATE"))
        elif version < since and name in found and name != VERSION:
            yield f"DROP INDEX {at}{name}"
    wanted = f"{version:04d}"
    if VERSION not in found:
        if version >= SINCE[VERSION]:
            yield f"INSERT INTO {at}{VERSION} VALUES ('{wanted}')"
    elif rows is not None and list(rows) != [wanted]:
        if rows:
            yield f"DELETE FROM {at}{VERSION}"
        yield f"INSERT INTO {at}{VERSION} VALUES ('{wanted}')"
