"""Compares the unique constraints, foreign keys and checks of one table."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from initdb.steps.catalog.found import FoundForeignKey, FoundTable
from initdb.steps.catalog.issue import Issue
from initdb.steps.drift.indexes import candidates
from initdb.steps.drift.names import Names
from initdb.steps.drift.wanted import WantedForeignKey, WantedTable

_EXTRA = "Drop it in a revision if it is not meant."


def unique_issues(want: WantedTable, found: FoundTable, names: Names) -> Iterator[Issue]:
    """Unique constraints without a unique index, and those that no model has.

    Args:
        want: The table of the models.
        found: The table of the database.
        names: How names are compared.
    """
    label = want.item.key
    whole = [index for index in candidates(found) if index.unique and not index.partial]
    there = {frozenset(names.folded(index.columns)) for index in whole}
    wanted_columns = {frozenset(names.folded(item.columns)) for item in want.uniques}
    for item in want.uniques:
        if frozenset(names.folded(item.columns)) not in there:
            called = "" if item.name.startswith("(") else f"{item.name} "
            text = f"The unique constraint {called}on {label} ({', '.join(item.columns)}) is missing."
            advice = "initdb repair adds it, if no two rows are equal."
            yield Issue("missing-unique", item.name, text, "error", advice, label)
    wanted_columns |= {frozenset(names.folded(index.columns)) for index in want.indexes if index.unique}
    wanted_columns.add(frozenset(names.folded(found.primary_key)))
    for index in whole:
        if index.bound and frozenset(names.folded(index.columns)) not in wanted_columns:
            text = f"The unique constraint {index.name} on {label} is in no model."
            yield Issue("extra-unique", index.name, text, "info", _EXTRA, label)


def foreign_key_issues(want: WantedTable, found: FoundTable, names: Names) -> Iterator[Issue]:
    """Foreign keys that are missing or extra, or whose ON DELETE differs; see `unique_issues`."""
    label = want.item.key
    there = {_says(item, names): item for item in found.foreign_keys}
    for item in want.foreign_keys:
        present = there.pop(_says(item, names), None)
        if present is None:
            text = f"The foreign key {item.name} of {label} is missing."
            advice = "initdb repair adds it, if every row refers to one that is there."
            yield Issue("missing-foreign-key", item.name, text, "error", advice, label)
        elif present.on_delete.split() != item.on_delete.split():
            text = (
                f"The foreign key {item.name} of {label} says ON DELETE {present.on_delete}, "
                f"the model {item.on_delete}."
            )
            advice = "Recreate it in a revision."
            yield Issue("foreign-key-differs", item.name, text, "warning", advice, label)
    for extra in there.values():
        yield _extra_foreign_key(label, extra)


def _says(item: FoundForeignKey | WantedForeignKey, names: Names) -> object:
    return names.pairs(item.pairs), names.key(item.remote)


def _extra_foreign_key(label: str, found: FoundForeignKey) -> Issue:
    columns = ", ".join(sorted(local for local, _ in found.pairs))
    name = found.name or f"({columns}) -> {found.remote[1]}"
    text = f"The foreign key {name} of {label} ({columns}) to {found.remote[1]} is in no model."
    return Issue("extra-foreign-key", name, text, "info", _EXTRA, label)


def foreign_keys_into(
    label: str, found: FoundTable, wants: Collection[WantedTable], names: Names
) -> Iterator[Issue]:
    """The foreign keys from a table that no model has into tables of the models.

    Args:
        label: What messages call the table.
        found: The table.
        wants: The tables of the models.
        names: How names are compared.
    """
    ours = {names.key(want.key) for want in wants}
    for item in found.foreign_keys:
        if names.key(item.remote) in ours:
            yield _extra_foreign_key(label, item)


def check_issues(want: WantedTable, found: FoundTable, names: Names) -> Iterator[Issue]:
    """Checks that are missing or extra; see `unique_issues`.

    Checks are matched by name, and the rest is only counted: each database rewrites the text of a check, so
    texts cannot be compared.
    """
    label = want.item.key
    there = {names.fold(name) for name in found.check_names}
    matched = {names.fold(item.name) for item in want.checks if item.named} & there
    unmatched = [item for item in want.checks if not (item.named and names.fold(item.name) in matched)]
    others = found.checks - len(matched)
    lacking = {column.name for column in want.columns} - set(found.columns)
    # Checks of missing columns come first, then named ones. If a check of the database matches no name, it
    # more likely stands for one without a name.
    unmatched.sort(key=lambda item: (not item.columns & lacking, not item.named))
    for item in unmatched[: max(0, len(unmatched) - others)]:
        text = f"The check {item.name} of {label} is missing."
        advice = "initdb repair adds it, if it holds for every row."
        yield Issue("missing-check", item.name, text, "error", advice, label)
    if others > len(unmatched):
        unknown = sorted(name for name in found.check_names if names.fold(name) not in matched)
        names_of = f" ({', '.join(unknown)})" if unknown else ""
        text = f"The table {label} has {others - len(unmatched)} more checks than its model{names_of}."
        yield Issue("extra-check", label, text, "info", _EXTRA, label)
