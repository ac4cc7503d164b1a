"""Refuses to go on without a table that held rows: an empty one in its place would hide the loss."""

from __future__ import annotations

from collections.abc import Collection

from initdb.errors import InitError
from initdb.steps.catalog.issue import Issue
from initdb.steps.context import StepContext
from initdb.steps.health.inventory import last_inventory
from initdb.steps.health.schema import counted

ORDERED = "repair"
"""The reason of a run that a person orders with `initdb repair`."""


def refuse_lost_rows(ctx: StepContext, missing: Collection[str]) -> None:
    """Refuse to go on if a missing table held rows when the database was last ready.

    A person who orders a repair has said that the rows may go.

    Args:
        ctx: The step's context.
        missing: The keys of the models' tables that do not exist.

    Raises:
        InitError: `table-lost`.
    """
    if not missing or is_ordered(ctx):
        return
    before = last_inventory(ctx.work, ctx.journal, ctx.knowledge)
    names = sorted(before.rows & set(missing)) if before is not None else []
    gone = [Issue("missing-table", name, f"The table {name} is gone.", table=name) for name in names]
    if lost := counted(ctx.work, ctx.application, ctx.settings.ignore, gone):
        raise InitError("table-lost", *(issue.text for issue in lost), database=ctx.database)


def is_ordered(ctx: StepContext) -> bool:
    """Whether a person has ordered this run with `initdb repair`.

    Args:
        ctx: The step's context.
    """
    run = ctx.knowledge.last_run
    return run is not None and run.reason == ORDERED
