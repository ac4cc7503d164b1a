"""The shape of a journal's tables: what stands in the way of one, and what one of its version lacks. Pure."""

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
"""Index or table → the version of the journal that brought it; version 1 may have a version table."""

FORMER: Mapping[str, int] = {"init_journal_type": 2}
"""The same of an index that a later version dropped; a journal that lacks or keeps it is whole."""

OF_THE_JOURNAL = (*COLUMNS_OF, *(name for name in SINCE if name != VERSION), *FORMER)
"""Every name of a table or index that a journal has."""


@dataclass(frozen=True, slots=True)
class Relation:
    """What has one of the journal's names: `kind` as a person calls it (table, view, index …), and its
    columns."""

    kind: str
    columns: frozenset[str] = frozenset()


def fault(found: Mapping[str, Relation], database: str) -> InitError | None:
    """What is wrong with tables of these names, where they are not exactly a journal; None where they are.

    "foreign-journal-table" where one is something else, "journal-unreadable" where a part is missing.
    """
    foreign = [why for name, relation in sorted(found.items()) if (why := _foreign(name, relation, found))]
    if foreign:
        return InitError("foreign-journal-table", *foreign, database=database)
    lacking = [name for name in (JOURNAL, HEAD) if name not in found]
    if found and lacking:
        said = f"there is {', '.join(sorted(found))}, but no {' and no '.join(lacking)}"
        return InitError("journal-unreadable", said, database=database)
    return None


def _foreign(name: str, relation: Relation, found: Mapping[str, Relation]) -> str:
    """Why it is not the journal's; empty where it may be."""
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
    """The statements after which the journal is what its head's `version` says; none where it is.

    rows: of the version table, None where they may not be read. ddl: what makes a journal. at: the schema.
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
