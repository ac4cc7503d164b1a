"""Compares the columns and the primary key of one table."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Column

from initdb.steps.catalog.found import FoundColumn, FoundTable
from initdb.steps.catalog.issue import Issue
from initdb.steps.catalog.sql_types import enum_labels, type_ddl
from initdb.steps.drift.names import Names
from initdb.steps.drift.wanted import WantedTable


def column_issues(want: WantedTable, found: FoundTable, names: Names) -> Iterator[Issue]:
    """Columns that are missing or extra, or whose type or nullability differs.

    Args:
        want: The table of the models.
        found: The table of the database.
        names: How names are compared.
    """
    label = want.item.key
    there = {names.fold(name): column for name, column in found.columns.items()}
    for column in want.columns:
        present = there.pop(names.fold(column.name), None)
        if present is None:
            text = f"The column {label}.{column.name} is missing."
            advice = "initdb repair adds it where it may be empty or the database gives it a value."
            yield Issue("missing-column", column.name, text, "error", advice, label)
        else:
            yield from _type_issues(label, column, present, names)
            if not column.primary_key:
                yield from _nullability_issues(label, column, present)
    for extra in there.values():
        unused = extra.nullable or extra.filled
        text = f"The column {label}.{extra.name} is in no model" + (
            "." if unused else ", and an INSERT that does not name it fails."
        )
        advice = "Drop it in a revision when nothing reads it any more."
        yield Issue("extra-column", extra.name, text, "info" if unused else "warning", advice, label)


def _type_issues(label: str, column: Column[object], found: FoundColumn, names: Names) -> Iterator[Issue]:
    dialect = names.catalogue.dialect
    wanted, labels = type_ddl(column.type, dialect), enum_labels(column.type, dialect)
    what = f"The column {label}.{column.name}"
    if labels is not None and found.labels is not None:
        lacking = [word for word in labels if word not in found.labels]
        if lacking:
            text = f"{what} is of the type {found.type}, which lacks {', '.join(map(repr, lacking))}."
            values = "; ".join(f"ALTER TYPE {found.type} ADD VALUE {_literal(word)}" for word in lacking)
            yield Issue("type-differs", column.name, text, "error", f"{values};", label)
        return
    found_type = "ENUM" if found.labels is not None else found.type
    severity = names.catalogue.type_difference("ENUM" if labels is not None else wanted, found_type)
    if severity is not None:
        text = f"{what} is {found.type}, the model says {wanted}."
        advice = f"Convert it to {wanted} in a revision: initdb does not alter the type of a column."
        yield Issue("type-differs", column.name, text, severity, advice, label)


def _literal(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def _nullability_issues(label: str, column: Column[object], found: FoundColumn) -> Iterator[Issue]:
    if bool(column.nullable) == found.nullable or column.identity is not None or column.computed is not None:
        return
    if found.nullable:
        text = f"The column {label}.{column.name} accepts NULL, the model does not."
        advice = "Give the rows without a value one, then set it NOT NULL in a revision."
        yield Issue("nullability-differs", column.name, text, "warning", advice, label)
    else:
        text = f"The column {label}.{column.name} is NOT NULL, the model lets it be empty."
        advice = "Drop NOT NULL in a revision, or say nullable=False in the model."
        yield Issue(
            "nullability-differs", column.name, text, "warning" if found.filled else "error", advice, label
        )


def primary_key_issues(want: WantedTable, found: FoundTable, names: Names) -> Iterator[Issue]:
    """A primary key that is missing or has other columns; see `column_issues`."""
    wanted = tuple(column.name for column in want.item.primary_key.columns)
    if not wanted or set(names.folded(wanted)) == set(names.folded(found.primary_key)):
        return
    label, columns = want.item.key, ", ".join(wanted)
    advice = "Rebuild the table's key in a revision, after a look for rows that have the same key twice."
    if found.primary_key:
        text = f"The primary key of {label} is ({', '.join(found.primary_key)}), the model says ({columns})."
        yield Issue("primary-key-differs", label, text, "error", advice, label)
    else:
        text = f"The table {label} has no primary key, the model says ({columns})."
        yield Issue("missing-primary-key", label, text, "error", advice, label)
