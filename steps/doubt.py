"""A revision that was outside a transaction when its run ended: only a person knows how far it came."""

from __future__ import annotations

from initdb.errors import InitError
from initdb.steps.context import StepContext


def check_doubt(ctx: StepContext) -> None:
    """Raises InitError("revision-in-doubt") where there is one, and nobody has said how it stands."""
    doubt, graph = ctx.knowledge.doubt, ctx.application.graph
    if doubt is None:
        return
    name = doubt.subject
    file = f", {graph.files[name].path}" if graph and name in graph.files else ""
    reverting = doubt.step == "roll_back"
    what = "It was being rolled back" if reverting else "It was being applied"
    raise InitError(
        "revision-in-doubt",
        f"revision {name}{file}",
        f"{what}, outside a transaction (journal entry {doubt.seq}), and did not end.",
        mend=half_reverted(name) if reverting else half_applied(name),
        database=ctx.database,
    )


def half_applied(revision: str) -> str:
    """How to go on with a revision that may be there in part."""
    return (
        f"Look how far it came. Nothing of it is there: initdb resume --retry {revision}. "
        f"All of it is there: initdb resume --mark-applied {revision}."
    )


def half_reverted(revision: str) -> str:
    """How to go on with a revision that may be gone in part."""
    return (
        f"Look what is left of it. Make it whole again by hand, then: initdb resume --retry {revision}, "
        "and roll back anew."
    )
