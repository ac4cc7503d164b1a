"""Refuses to go on without a table that held rows: an empty one in its place would hide the loss."""

from __future__ import annotations

from collections.abc import Collection

from initdb.errors import InitError
from initdb.steps.catalog.issue import Issue
from initdb.steps.context import StepContext
from initdb.steps.drift import is_left_out
from initdb.steps.health.inventory import last_inventory


def refuse_lost_rows(ctx: StepContext, missing: Collection[str]) -> None:
    """Refuse to go on if a missing table held rows when the database was last ready.

    A person who orders a repair has said that the rows may go.

    Args:
        ctx: The step's context.
        missing: The keys of the models' tables that do not exist.

    Raises:
        InitError: `table-lost`.
    """
    run = ctx.knowledge.last_run
    if not missing or (run is not None and run.reason == ORDERED):
        return
    before = last_inventory(ctx.work, ctx.journal, ctx.knowledge)
    names = sorted(before.rows & set(missing)) if before is not None else []
    gone = [Issue("missing-table", name, f"The table {name} is gone.", table=name) for name in names]
    gone = [issue for issue in gone if not is_left_out(issue, ctx.settings.ignore)]
    excluded = ctx.application.excluded(ctx.work, gone) if gone else ()
    said = [issue.text for issue in gone if issue.id not in excluded]
    if said:
        raise InitError("table-lost", *said, database=ctx.database)


ORDERED = "repair"
"""The reason of a run that a person orders with `initdb repair`."""
