"""Checks whether the schema is what the models say. If revisions make the schema, they decide."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from initdb.steps.catalog.names import is_ignored
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.drift import Issue, Severity, compare

if TYPE_CHECKING:
    from initdb.steps.context import Application

_MODELS_RULE = "models"


def schema_issues(
    connection: Connection, application: Application, ignore: Collection[str]
) -> tuple[Issue, ...]:
    """Differences from the models, and tables that interrupted migrations left.

    If revisions make the schema, a difference from the models is at most a warning.

    Args:
        connection: It is only read.
        application: Its models are compared.
        ignore: What is left out.
    """
    found = (
        compare(connection, application.metadata, ignore=ignore) if application.metadata is not None else ()
    )
    if drift_severity(application) == "warning":
        found = tuple(replace(issue, severity="warning") if issue.is_defect else issue for issue in found)
    return (*found, *_leftovers(connection, ignore))


def drift_severity(application: Application) -> Severity:
    """The worst severity that a difference from the models can have."""
    return "error" if application.schema_from == _MODELS_RULE else "warning"


def _leftovers(connection: Connection, ignore: Collection[str]) -> tuple[Issue, ...]:
    advice = "Look whether its rows are in the table it was made from, then drop it."
    return tuple(
        Issue("leftover", one.name, one.text, "warning", advice, one.table)
        for one in catalogue_of(connection).leftovers()
        if one.kind == "alembic-temporary-table" and not is_ignored(ignore, one.name)
    )
