"""What is still to be done after a step. The machine's guards read it in the event."""

from __future__ import annotations

from collections.abc import Collection

from initdb.steps.context import StepContext
from initdb.steps.seeds.ledger import seeds_pending


def pending_revisions(ctx: StepContext, rows: Collection[str]) -> tuple[str, ...]:
    """The revisions that are still to be applied where the version table has `rows`, in their order."""
    graph = ctx.application.graph
    return tuple(graph.pending(rows)) if graph else ()


def pending_seeds(ctx: StepContext, recreated: Collection[str] = ()) -> tuple[str, ...]:
    """The names of the seed sources that are still to be applied, in their order.

    Args:
        ctx: The step's context; its knowledge has the ledger.
        recreated: Tables that the step made anew. A source that fills one of them is to be applied again.
    """
    return seeds_pending(ctx.knowledge.seeds, ctx.application.seeds, recreated)
