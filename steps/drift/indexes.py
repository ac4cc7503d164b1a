"""Compares the indexes of one table."""

from __future__ import annotations

from collections.abc import Iterator

from initdb.steps.catalog.found import FoundIndex, FoundTable
from initdb.steps.catalog.issue import Issue
from initdb.steps.drift.names import Names
from initdb.steps.drift.wanted import WantedIndex, WantedTable


def index_issues(want: WantedTable, found: FoundTable, names: Names) -> Iterator[Issue]:
    """Indexes that are missing or extra, or that cover something else under the same name.

    Args:
        want: The table of the models.
        found: The table of the database.
        names: How names are compared.
    """
    by_name = {names.fold(index.name): index for index in found.indexes}
    named = {names.fold(index.name) for index in want.indexes}
    # Each database writes an expression in its own way. So indexes on expressions are matched by name, and
    # the rest is only counted.
    spare = sum(None in index.columns and names.fold(index.name) not in named for index in found.indexes)
    for index in want.indexes:
        same = by_name.get(names.fold(index.name))
        if same is not None:
            yield from _difference(want.item.key, index, same, names)
        elif None in index.columns and spare:
            spare -= 1
        elif not any(_serves(index, candidate, names) for candidate in candidates(found)):
            yield _missing(want.item.key, index)
    yield from _extra(want, found, names)


def candidates(found: FoundTable) -> Iterator[FoundIndex]:
    """Every index of the table, and the one of its primary key."""
    yield from found.indexes
    if found.primary_key:
        yield FoundIndex("", found.primary_key, unique=True, bound=True)


def _serves(index: WantedIndex, found: FoundIndex, names: Names) -> bool:
    if None in index.columns or None in found.columns:
        return False
    wanted_columns, found_columns = names.folded(index.columns), names.folded(found.columns)
    if index.unique:
        return found.unique and found.partial == index.partial and set(wanted_columns) == set(found_columns)
    return wanted_columns == found_columns and (index.partial or not found.partial)


def _missing(label: str, index: WantedIndex) -> Issue:
    kind = "unique index" if index.unique else "index"
    columns = ", ".join(column or "an expression" for column in index.columns)
    text = f"The {kind} {index.name} on {label} ({columns}) is missing."
    advice = "initdb repair creates it" + (", if no two rows are equal." if index.unique else ".")
    missing = "missing-unique" if index.unique else "missing-index"
    return Issue(missing, index.name, text, "error", advice, label)


def _difference(label: str, index: WantedIndex, found: FoundIndex, names: Names) -> Iterator[Issue]:
    comparable = None not in index.columns and None not in found.columns
    if comparable and names.folded(index.columns) != names.folded(found.columns):
        covered, wanted = ", ".join(map(str, found.columns)), ", ".join(map(str, index.columns))
        text = f"The index {index.name} on {label} covers ({covered}), the model says ({wanted})."
    elif index.unique and not found.unique:
        text = f"The index {index.name} on {label} is not unique, the model says it is."
    else:
        return
    advice = f"Recreate it in a revision: drop {index.name}, then create it as the model says."
    yield Issue("index-differs", index.name, text, "warning", advice, label)


def _extra(want: WantedTable, found: FoundTable, names: Names) -> Iterator[Issue]:
    wanted_names = {names.fold(index.name) for index in want.indexes}
    unique = {frozenset(names.folded(item.columns)) for item in want.uniques}
    for index in found.indexes:
        served = any(_serves(item, index, names) for item in want.indexes)
        if index.bound or served or names.fold(index.name) in wanted_names:
            continue
        if index.unique and frozenset(names.folded(index.columns)) in unique:
            continue
        label = want.item.key
        text = f"The index {index.name} on {label} is in no model."
        yield Issue(
            "extra-index", index.name, text, "info", "Drop it in a revision if nothing needs it.", label
        )
