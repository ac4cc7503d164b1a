"""Checks whether the schema is what the models say. If there are revisions, they decide."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from initdb.steps.catalog.issue import Issue, Severity
from initdb.steps.catalog.names import is_ignored
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.drift import is_left_out
from initdb.steps.health.inventory import Inventory, definitions

if TYPE_CHECKING:
    from initdb.steps.context import Application


def schema_issues(
    connection: Connection,
    application: Application,
    ignore: Collection[str],
    differences: Iterable[Issue],
    inventory: Inventory | None,
) -> tuple[Issue, ...]:
    """Differences from the models, and tables that interrupted migrations left.

    If there are revisions, a difference from the models is at most a warning, unless it is something that was
    lost since the database was ready.

    Args:
        connection: It is only read.
        application: Its models were compared.
        ignore: What is left out.
        differences: Every difference from the models.
        inventory: Of the last ready database; None if it is not known.
    """
    found = counted(connection, application, ignore, differences)
    if revisions_decide(application):
        lost = lost_ids(connection, application, found, inventory)
        found = (*_judged(found, lost),)
    return (*found, *_leftovers(connection, ignore))


def counted(
    connection: Connection, application: Application, ignore: Collection[str], issues: Iterable[Issue]
) -> tuple[Issue, ...]:
    """The differences without those that the setting `ignore` or env.py leaves out.

    Args:
        connection: It is only read.
        application: Its env.py is asked.
        ignore: The setting.
        issues: Differences from the models.
    """
    seen = tuple(issue for issue in issues if not is_left_out(issue, ignore))
    excluded = application.excluded(connection, seen) if seen else ()
    return tuple(issue for issue in seen if issue.id not in excluded)


_NOT_GENERATED = frozenset({"missing-primary-key", "missing-check"})
"""Kinds of issues that autogenerate does not see: https://alembic.sqlalchemy.org/en/latest/autogenerate.html"""


def revisions_decide(application: Application) -> bool:
    """Whether the revisions are the authority for the schema, and not the models.

    The models of the built-in identity schema and its revisions are initdb's own and always agree.
    """
    return application.place is not None and not application.identity


def drift_severity(application: Application) -> Severity:
    """The worst severity of a difference from the models, if nothing was lost."""
    return "warning" if revisions_decide(application) else "error"


def lost_ids(
    connection: Connection, application: Application, issues: Collection[Issue], inventory: Inventory | None
) -> frozenset[str]:
    """The ids of those issues that are about something that was there when the database was ready.

    Args:
        connection: To the database.
        application: Its models have the definitions of today.
        issues: Differences from the models.
        inventory: Of the last ready database.
    """
    missing = [issue for issue in issues if issue.kind.startswith("missing-")]
    if inventory is None or application.metadata is None or not missing:
        return frozenset()
    now = definitions(connection, application.metadata)
    return frozenset(issue.id for issue in inventory.lost(missing, now))


def _judged(issues: Iterable[Issue], lost: Collection[str]) -> Iterator[Issue]:
    """The issues as revisions see them. At the end, how to write the revision that is missing."""
    unwritten = []
    for issue in issues:
        if issue.id in lost:
            yield replace(issue, text=f"{issue.text} It was there when the database was last ready.")
        elif issue.kind.startswith("missing-"):
            unwritten.append(issue)
            yield replace(issue, severity="warning", suggestion="")
        else:
            yield replace(issue, severity="warning") if issue.is_defect else issue
    if unwritten:
        yield _revision_missing(unwritten)


def _revision_missing(unwritten: Sequence[Issue]) -> Issue:
    """How to write the revision, also of what Alembic's autogenerate does not compare."""
    by_hand = sum(issue.kind in _NOT_GENERATED for issue in unwritten)
    what = "1 thing" if len(unwritten) == 1 else f"{len(unwritten)} things"
    are = "is" if len(unwritten) == 1 else "are"
    command = "alembic revision" if by_hand == len(unwritten) else "alembic revision --autogenerate"
    text = f"{what} of the models {are} in no revision, or dropped by hand. "
    text += f'To write the revision: {command} -m "what it adds"'
    if by_hand:
        text += ". Autogenerate does not compare primary keys and CHECK constraints: add these by hand"
    advice = "To leave something out, name it in the setting `ignore`, or in env.py's include_object."
    return Issue("revision-missing", "models", text, "warning", advice)


def _leftovers(connection: Connection, ignore: Collection[str]) -> tuple[Issue, ...]:
    advice = "Look whether its rows are in the table it was made from, then drop it."
    return tuple(
        Issue("leftover", one.name, one.text, "warning", advice, one.table)
        for one in catalogue_of(connection).leftovers()
        if one.kind == "alembic-temporary-table" and not is_ignored(ignore, one.name)
    )
