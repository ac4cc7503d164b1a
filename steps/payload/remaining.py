"""What is still to be done after a step. The guards of the machine read it in the event."""

from __future__ import annotations

from collections.abc import Collection

from initdb.steps.context import StepContext
from initdb.steps.seeds.ledger import seeds_pending


def pending_revisions(ctx: StepContext, rows: Collection[str]) -> tuple[str, ...]:
    """The revisions that are still to be applied, in their order.

    Args:
        ctx: The step's context.
        rows: The version rows.
    """
    graph = ctx.application.graph
    return tuple(graph.pending(rows)) if graph else ()


def pending_seeds(ctx: StepContext, recreated: Collection[str] = ()) -> tuple[str, ...]:
    """The names of the seed sources that are still to be applied, in their order.

    Args:
        ctx: The step's context; its knowledge has the ledger.
        recreated: Tables that the step has created again. A source that fills one of them is pending again.
    """
    return seeds_pending(ctx.knowledge.seeds, ctx.application.seeds, recreated)
