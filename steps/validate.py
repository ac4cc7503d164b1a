"""validate: check whether the database is what the application needs, and change nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from initdb.errors.classify import classify
from initdb.events.payloads.notes import InventoryTaken
from initdb.events.payloads.work import DefectsFound, HealthValidated, RepairApplied
from initdb.steps.catalog.issue import Issue
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.context import Progress
from initdb.steps.drift import compare
from initdb.steps.health.constraints import constraint_issues
from initdb.steps.health.inventory import last_inventory, take
from initdb.steps.health.report import NOTHING, Before, Check, Health
from initdb.steps.health.rules import rule_issues
from initdb.steps.health.schema import schema_issues
from initdb.steps.health.seeds import seed_issues
from initdb.steps.payload.elapsed import milliseconds
from initdb.steps.payload.remaining import pending_seeds
from initdb.steps.repairs.planning import foreseen
from initdb.steps.survey.steady import fingerprint_of, until_steady

if TYPE_CHECKING:
    from initdb.settings import Settings
    from initdb.steps.context import Application, StepContext

__all__ = ["Check", "Health", "inspect_health", "run", "tolerated"]


def inspect_health(
    connection: Connection,
    application: Application,
    settings: Settings,
    before: Before = NOTHING,
) -> Health:
    """Make every check on the database, and change nothing.

    The checks read the catalogue, and rows where the catalogue cannot answer. On SQLite that is the whole
    file, up to `catalog.sqlite.checks.CHECKED_BYTES`. On PostgreSQL it is each table with a foreign key that
    is NOT VALID or missing, up to `catalog.postgresql.checks.ORPHAN_LIMIT`. The application's rules read what
    they want.

    Args:
        connection: In a transaction, which is neither begun nor ended here.
        application: Its models, seeds and rules are what the database is compared with.
        settings: `ignore` says what is left out.
        before: What the journal says.

    Returns:
        The checks that were made and their issues. If the database does not answer, that is an issue.

    Raises:
        SQLAlchemyError: Any other error of the driver.
    """
    try:
        connection.scalar(text("SELECT 1"))
    except SQLAlchemyError as error:
        return Health().with_check("connectivity", (_unreachable(connection, error),))
    health = Health().with_check("connectivity", ())
    damage = catalogue_of(connection).integrity_issues()
    if damage is not None:
        health = health.with_check("integrity", tuple(_accepted(issue, before.tolerated) for issue in damage))
    if application.metadata is not None:
        health = replace(health, differences=compare(connection, application.metadata))
    for name, check in _checks(connection, application, settings, before).items():
        found = check(health)
        health = health.with_check(name, tuple(_accepted(issue, before.tolerated) for issue in found))
    return health


def _checks(
    connection: Connection,
    application: Application,
    settings: Settings,
    before: Before,
) -> dict[str, Callable[[Health], tuple[Issue, ...]]]:
    ignore = settings.ignore
    return {
        "schema": lambda health: foreseen(
            schema_issues(connection, application, ignore, health.differences, before.inventory),
            application.metadata,
            connection,
        ),
        "constraints": lambda health: constraint_issues(connection, application, ignore, health.issues),
        "seeds": lambda health: seed_issues(connection, application.seeds, before.pending),
        "rules": lambda health: rule_issues(connection, application.rules),
    }


def _accepted(issue: Issue, tolerated: Collection[str]) -> Issue:
    return replace(issue, severity="warning") if issue.is_defect and issue.id in tolerated else issue


def _unreachable(connection: Connection, error: SQLAlchemyError) -> Issue:
    failure = classify(error, doing="connect", database=connection.dialect.name)
    said = " ".join(failure.context[:2]) or failure.row.message
    return Issue(
        "no-answer",
        "connection",
        f"The database does not answer: {said}",
        "critical",
        failure.rendered().fix,
    )


def run(ctx: StepContext) -> None:
    """Make the checks; then append `health_validated`, or `defects_found` if there are any, in one unit.

    The checks only read and may take long, so no lock is kept meanwhile. If another session changes the
    catalogue all the time, the event names the catalogue that was checked, and the next boot checks again.

    Args:
        ctx: The step's context.
    """
    ctx.report(Progress("validate"))
    until_steady(ctx, partial(_validate, ctx))


def _validate(ctx: StepContext, inside: bool) -> bool:
    begun = time.perf_counter()
    if not inside:
        with ctx.reading():
            before, health, inventory = _looked(ctx)
    with ctx.unit.open(ctx.work):
        if inside:
            before, health, inventory = _looked(ctx)
        elif fingerprint_of(ctx) != before:
            ctx.unit.rollback(ctx.work)
            return False
        checks = {check.name: check.severity if check.issues else "ok" for check in health.checks}
        warnings, ms = tuple(issue.text for issue in health.warnings), milliseconds(begun)
        if health.defects:
            issues = tuple(issue.data() for issue in health.defects)
            ctx.unit.commit(ctx.work, DefectsFound(checks=checks, warnings=warnings, ms=ms, issues=issues))
            return True
        told = _stamped(ctx)
        ready = HealthValidated(
            checks=checks,
            warnings=(*warnings, *told),
            ms=ms,
            catalog=before,
            told_stamped=bool(told) or None,
        )
        ctx.unit.commit(ctx.work, *inventory, ready)
    return True


def _looked(ctx: StepContext) -> tuple[str, Health, tuple[InventoryTaken, ...]]:
    """The fingerprint of the catalogue, what the checks find, and the inventory as an event, if it is new."""
    catalog, known = fingerprint_of(ctx), known_before(ctx, pending_seeds(ctx))
    metadata = ctx.application.metadata
    health = inspect_health(ctx.work, ctx.application, ctx.settings, known)
    if metadata is None or health.defects:
        return catalog, health, ()
    found = take(ctx.work, metadata, health.differences)
    event = InventoryTaken(objects=found.objects, rows=tuple(sorted(found.rows)))
    return catalog, health, () if found == known.inventory else (event,)


def checked(ctx: StepContext) -> Health:
    """What the checks of a run find. Nothing is written.

    Args:
        ctx: The step's context.
    """
    return inspect_health(ctx.work, ctx.application, ctx.settings, known_before(ctx, pending_seeds(ctx)))


def known_before(ctx: StepContext, pending: Collection[str]) -> Before:
    """What the journal says that decides how severe an issue is.

    Args:
        ctx: The step's context.
        pending: The names of the seed sources that are still to be applied.
    """
    return Before(pending, tolerated(ctx), last_inventory(ctx.work, ctx.journal, ctx.knowledge))


def _stamped(ctx: StepContext) -> tuple[str, ...]:
    """What a person should know of a database that was made from the models beside revisions."""
    if not ctx.knowledge.stamped or ctx.application.schema_from == "models":
        return ()
    names = ", ".join(ctx.knowledge.stamped)
    return (
        f"This database was made from the models, and {names} was only stamped: what its revisions make "
        "beside the models (rows, triggers, tables) may be missing. It stays as it is. To compare it with a "
        "new one: set INITDB_DATABASE_URL to an empty database, then: initdb run",
    )


def tolerated(ctx: StepContext) -> tuple[str, ...]:
    """The ids of issues that the last repair could not fix and that the application can work with."""
    known = ctx.knowledge
    repaired = known.last_type == RepairApplied.type
    return RepairApplied.read(known.last_data).tolerated if repaired else ()
