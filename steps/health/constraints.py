"""Checks whether rows keep the constraints that the database does not guarantee."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from sqlalchemy import Connection, MetaData

from initdb.steps.catalog.issue import Issue, Severity
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.catalog.reference import Reference
from initdb.steps.drift.wanted import wanted
from initdb.steps.health.schema import drift_severity

if TYPE_CHECKING:
    from initdb.steps.context import Application


def constraint_issues(
    connection: Connection, application: Application, ignore: Collection[str], found: Iterable[Issue]
) -> tuple[Issue, ...]:
    """What the database finds itself, and rows that break a foreign key which only the models have.

    Args:
        connection: It is only read.
        application: Its models have the foreign keys.
        ignore: What is left out.
        found: The differences from the models. A missing foreign key is one of them.
    """
    metadata = application.metadata
    if metadata is None:
        return catalogue_of(connection).constraint_issues(ignore, (), ())
    return catalogue_of(connection).constraint_issues(
        ignore,
        _indexes(connection, metadata, ignore),
        missing_references(connection, metadata, found, drift_severity(application)),
    )


def _indexes(
    connection: Connection, metadata: MetaData, ignore: Collection[str]
) -> Iterator[tuple[str, str]]:
    for want in wanted(connection, metadata, ignore):
        yield from ((want.item.key, index.name) for index in want.indexes)


def missing_references(
    connection: Connection, metadata: MetaData, issues: Iterable[Issue], severity: Severity
) -> Iterator[Reference]:
    """The models' foreign keys that the database lacks although it has both tables and all columns.

    Args:
        connection: To the database.
        metadata: The models.
        issues: The differences from the models.
        severity: How severe it is that rows refer to nothing.
    """
    lacking = [issue for issue in issues if issue.kind in {"missing-table", "missing-column"}]
    absent = {issue.table for issue in lacking if issue.kind == "missing-table"}
    without = {(issue.table, issue.name) for issue in lacking if issue.kind == "missing-column"}
    missing = {(issue.table, issue.name) for issue in issues if issue.kind == "missing-foreign-key"}
    prepare = connection.dialect.identifier_preparer
    for want in wanted(connection, metadata):
        for item in want.foreign_keys:
            parts = item.item.elements
            sides = {(part.parent.table.key, part.parent.name) for part in parts}
            sides |= {(part.column.table.key, part.column.name) for part in parts}
            if (
                (want.item.key, item.name) not in missing
                or sides & without
                or {key for key, _ in sides} & absent
            ):
                continue
            yield Reference(
                want.item.key,
                prepare.format_table(want.item),
                prepare.format_table(item.item.referred_table),
                tuple(prepare.quote(part.parent.name) for part in parts),
                tuple(prepare.quote(part.column.name) for part in parts),
                severity,
            )
