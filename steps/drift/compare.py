"""Compares the tables of a database with the models."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from sqlalchemy import Connection, MetaData

from initdb.steps.catalog.found import FoundTable, Key
from initdb.steps.catalog.issue import Issue
from initdb.steps.catalog.names import is_ignored
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.drift.columns import column_issues, primary_key_issues
from initdb.steps.drift.constraints import check_issues, foreign_key_issues, foreign_keys_into, unique_issues
from initdb.steps.drift.indexes import index_issues
from initdb.steps.drift.names import Names
from initdb.steps.drift.wanted import WantedTable, wanted

_OF_COLUMNS = {"missing-column", "extra-column", "type-differs", "nullability-differs"}


def compare(connection: Connection, metadata: MetaData, *, ignore: Collection[str] = ()) -> tuple[Issue, ...]:
    """Every certain difference between the database and the models, ordered by table.

    What is missing is an error. What no model has is information. What differs is as severe as its effect on
    writes. Constraints and indexes are compared by their meaning, so another name is no difference. Types are
    compared by families. Server defaults, comments and the order of columns are not compared.

    Args:
        connection: It is only read; no transaction is begun or ended.
        metadata: The models. Only the schemas that they use are read.
        ignore: What is left out: tables as `name` or `schema.name`, indexes and constraints as `name` or
            `table.name`, columns as `table.name`.
    """
    wants = wanted(connection, metadata, ignore)
    schemas = sorted({want.key[0] for want in wants} | {None}, key=lambda schema: schema or "")
    names = Names(catalogue_of(connection))
    found = {names.key(key): table for key, table in names.catalogue.reflect(schemas).items()}
    issues = (
        *(issue for want in wants for issue in _table(want, found.get(names.key(want.key)), names)),
        *_extra_tables(wants, found, names, ignore),
    )
    return tuple(issue for issue in issues if not is_left_out(issue, ignore))


def is_left_out(issue: Issue, ignore: Collection[str]) -> bool:
    """Whether a difference is about something that people ignore.

    Args:
        issue: As `compare` returns it.
        ignore: As for `compare`.
    """
    schema, _, table = (issue.table or "").rpartition(".")
    if issue.table is not None and is_ignored(ignore, table, schema or None):
        return True
    if issue.kind in _OF_COLUMNS:
        return is_ignored(ignore, f"{issue.table}.{issue.name}")
    return is_ignored(ignore, issue.name, issue.table)


def _table(want: WantedTable, found: FoundTable | None, names: Names) -> Iterator[Issue]:
    label = want.item.key
    if found is None:
        text = f"The table {label} is missing."
        yield Issue("missing-table", label, text, "error", "initdb repair creates it, without rows.", label)
    elif found.is_view:
        yield from _view(want, found, names)
    else:
        yield from column_issues(want, found, names)
        yield from primary_key_issues(want, found, names)
        yield from unique_issues(want, found, names)
        yield from index_issues(want, found, names)
        yield from foreign_key_issues(want, found, names)
        yield from check_issues(want, found, names)


def _view(want: WantedTable, found: FoundTable, names: Names) -> Iterator[Issue]:
    known = {names.fold(name) for name in found.columns}
    missing = [column.name for column in want.columns if known and names.fold(column.name) not in known]
    if missing:
        label = want.item.key
        text = f"{label} is a view or a foreign table, and lacks {', '.join(missing)}."
        advice = f"Give it these columns, or rename it so that the table {label} can be created."
        yield Issue("conflicting-object", label, text, "error", advice, label)


def _extra_tables(
    wants: Collection[WantedTable],
    found: Mapping[Key, FoundTable],
    names: Names,
    ignore: Collection[str],
) -> Iterator[Issue]:
    ours = {names.key(want.key) for want in wants}
    for schema, name in sorted(names.catalogue.tables(), key=lambda key: (key[0] or "", key[1])):
        table = found.get(names.key((schema, name)))
        # A table with only this column is Alembic's, whatever env.py calls it.
        if table is None or tuple(table.columns) == ("version_num",):
            continue
        if names.key((schema, name)) in ours or is_ignored(ignore, name, schema):
            continue
        label = name if schema is None else f"{schema}.{name}"
        text = f"The table {label} is in no model."
        yield Issue("extra-table", label, text, "info", "Name it in `ignore` if that is meant.", label)
        yield from foreign_keys_into(label, table, wants, names)
