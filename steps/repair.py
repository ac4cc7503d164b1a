"""repair: fix what can be fixed without losing data. Plan first, and never drop anything."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from functools import partial

from sqlalchemy import Connection

from initdb.errors import InitError
from initdb.events.payloads.work import RepairApplied
from initdb.steps import restamp
from initdb.steps.catalog.issue import Issue
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.context import Application, Progress, StepContext
from initdb.steps.health.lost_tables import is_ordered, refuse_lost_rows
from initdb.steps.payload.elapsed import milliseconds
from initdb.steps.payload.remaining import pending_seeds
from initdb.steps.repairs.action import NOT_CRITICAL, Action, RepairPlan
from initdb.steps.repairs.performing import Performed, perform
from initdb.steps.repairs.planning import plan_for
from initdb.steps.survey.facts import survey
from initdb.steps.survey.steady import fingerprint_of, until_steady
from initdb.steps.validate import inspect_health, known_before

__all__ = ["Action", "RepairPlan", "plan", "run"]


def plan(issues: Iterable[Issue], application: Application, connection: Connection) -> RepairPlan:
    """Say what a repair would do about the defects, and what it cannot do. Writes nothing.

    Args:
        issues: What the checks found.
        application: Its models are what the database is compared with.
        connection: To read the catalogue.
    """
    return plan_for(issues, application.metadata, connection)


def run(ctx: StepContext) -> None:
    """Make the version table and the journal agree, or else create what is missing.

    Args:
        ctx: The step's context.

    Raises:
        InitError: `history-conflict`, `table-lost`, `defects-remain`, `repair-impossible`.
    """
    facts = restamp.conflict_of(ctx)
    if facts is not None:
        restamp.run(ctx, facts)
    else:
        ctx.report(Progress("repair"))
        until_steady(ctx, partial(_repair, ctx))


def _repair(ctx: StepContext, inside: bool) -> bool:
    """Look and plan; then, in one unit, repair, look again and append `repair_applied` with what remains.

    The first look keeps no lock, unless it is made `inside` the unit. The result is False if the catalogue
    has changed before the unit began: then nothing was done.

    Raises:
        InitError: `defects-remain`, if the settings forbid repairs, or only rules are broken;
            `repair-impossible`, with advice for each defect, if none of them could be fixed.
    """
    if not inside:
        with ctx.reading():
            before, planned = fingerprint_of(ctx), planned_for(ctx)
    if inside or planned.actions:
        ctx.back_up()
    begun = time.perf_counter()
    with ctx.unit.open(ctx.work):
        catalogue_of(ctx.work).limit_waiting(ctx.settings.lock_timeout)
        if inside:
            planned = planned_for(ctx)
        elif fingerprint_of(ctx) != before:
            ctx.unit.rollback(ctx.work)
            return False
        done = perform(ctx.work, planned, ctx.application.metadata)
        seeds = pending_seeds(ctx, done.tables)
        left = _defects(ctx, seeds)
        accepted = tuple(
            issue for issue in left if issue.kind in NOT_CRITICAL and _was_tried(issue, planned, done)
        )
        remaining = tuple(issue for issue in left if issue not in accepted and issue.kind != "seed-pending")
        if remaining and not done.done:
            reference = "defects-remain" if _only_rules(remaining) else "repair-impossible"
            raise _stopped(reference, ctx, _advised(remaining, planned, done))
        event = RepairApplied(
            actions=tuple(action.text for action in done.done),
            tables=done.tables,
            defects=tuple(issue.text for issue in remaining),
            tolerated=tuple(issue.id for issue in accepted),
            warnings=(*done.warnings, *(issue.text for issue in _advised(accepted, planned, done))),
            pending=survey(ctx.work, ctx.application, ctx.knowledge).pending,
            seeds_pending=seeds,
            ms=milliseconds(begun),
        )
        ctx.unit.commit(ctx.work, event)
    return True


def planned_for(ctx: StepContext) -> RepairPlan:
    """What a repair does about the defects that the checks find now. Nothing is written.

    Args:
        ctx: The step's context.

    Raises:
        InitError: `defects-remain`, if the settings forbid repairs.
    """
    found = _defects(ctx, pending_seeds(ctx))
    if found and ctx.settings.repair == "never" and not is_ordered(ctx):
        raise _stopped("defects-remain", ctx, found)
    planned = plan(found, ctx.application, ctx.work)
    refuse_lost_rows(ctx, {action.table for action in planned.actions if action.kind == "create-table"})
    return planned


def _defects(ctx: StepContext, pending: Collection[str]) -> tuple[Issue, ...]:
    return inspect_health(ctx.work, ctx.application, ctx.settings, known_before(ctx, pending)).defects


def _only_rules(issues: Iterable[Issue]) -> bool:
    """Whether nothing is missing, but rows break rules of the application."""
    return all(issue.kind == "rule-broken" for issue in issues)


def _was_tried(issue: Issue, planned: RepairPlan, done: Performed) -> bool:
    tried = {one.id for one in planned.impossible} | {action.issue.id for action, _ in done.refused}
    return issue.id in tried


def _advised(issues: Iterable[Issue], planned: RepairPlan, done: Performed) -> tuple[Issue, ...]:
    """The issues, each with the advice or the reason that the repair has found."""
    better = {issue.id: issue for issue in planned.impossible}
    said = {action.issue.id: reason for action, reason in done.refused}
    return tuple(_with_reason(better.get(issue.id, issue), said.get(issue.id)) for issue in issues)


def _with_reason(issue: Issue, reason: str | None) -> Issue:
    if reason is None:
        return issue
    return Issue(
        issue.kind, issue.name, f"{issue.text} ({reason})", issue.severity, issue.suggestion, issue.table
    )


def _stopped(reference: str, ctx: StepContext, issues: Iterable[Issue]) -> InitError:
    lines = [f"{issue.text} {issue.suggestion}".strip() for issue in issues]
    return InitError(reference, *lines, database=ctx.work.dialect.name)
