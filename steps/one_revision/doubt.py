"""Revisions in doubt: a run ended while the revision was outside its transaction."""

from __future__ import annotations

import contextlib

from sqlalchemy.exc import SQLAlchemyError

from initdb.errors import InitError
from initdb.events.knowledge import Doubt
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.context import StepContext

HALF_APPLIED = (
    "Look how far it came. If nothing of it is there, or if it may run again as a whole (IF NOT EXISTS, rows "
    "that it changes only once): initdb resume --retry REV. If all of it is there: initdb resume "
    "--mark-applied REV. If a part is there, first undo or finish that part by hand."
)
"""What a person does about a revision that may be applied in part."""

HALF_REVERTED = (
    "Look what is left of it. Make it whole again by hand, then: initdb resume --retry REV, "
    "and roll back anew."
)
"""What a person does about a revision that may be reverted in part."""


def check_doubt(ctx: StepContext, *, repeats: bool = False) -> None:
    """Refuse to go on if a revision is in doubt, and no person has said whether it is applied.

    Args:
        ctx: The step's context.
        repeats: Whether to accept a doubt that running the revision again can settle.

    Raises:
        InitError: `revision-in-doubt`.
    """
    doubt = ctx.knowledge.doubt
    if doubt is not None and not (repeats and repeatable(ctx, doubt)):
        raise in_doubt(ctx, doubt)


def repeatable(ctx: StepContext, doubt: Doubt) -> bool:
    """Whether the revision can be run again to find out how far it came.

    It must still be pending and unchanged, and the journal must have the log of the statements that it sent.
    """
    graph = ctx.application.graph
    if graph is None or doubt.subject not in graph.files or doubt.step != "migrate":
        return False
    pending = doubt.subject in graph.pending(ctx.knowledge.heads)
    return pending and doubt.done is not None and doubt.digest == graph.files[doubt.subject].digest


def in_doubt(ctx: StepContext, doubt: Doubt, *why: str) -> InitError:
    """The error for a doubt that only a person can settle.

    Args:
        ctx: The step's context.
        doubt: What the journal says.
        why: Further lines of context.
    """
    name, graph = doubt.subject, ctx.application.graph
    file = f", {graph.files[name].path}" if graph and name in graph.files else ""
    reverting = doubt.step == "roll_back"
    what = "It was being rolled back" if reverting else "It was being applied"
    return InitError(
        "revision-in-doubt",
        f"revision {name}{file}",
        f"{what}, outside a transaction (journal entry {doubt.seq}), and did not end.",
        *why,
        *unfinished_indexes(ctx),
        fix=HALF_REVERTED if reverting else HALF_APPLIED,
        database=ctx.database,
        names=names_of(ctx, name),
    )


def unfinished_indexes(ctx: StepContext) -> tuple[str, ...]:
    """A sentence for each INVALID index, with the statement that drops it.

    A database that cannot be asked has none: there is another error to report.

    Args:
        ctx: The step's context.
    """
    if ctx.database != "postgresql":
        return ()
    with contextlib.suppress(SQLAlchemyError), ctx.reading() as connection:
        found = catalogue_of(connection).leftovers()
        return tuple(one.text for one in found if one.kind == "invalid-index")
    return ()


def names_of(ctx: StepContext, revision: str) -> dict[str, str]:
    """What stands for REV and the like in an error that is about a revision.

    Args:
        ctx: The step's context.
        revision: Its id. It may have no file any more.
    """
    graph = ctx.application.graph
    return graph.files[revision].names if graph and revision in graph.files else {"REV": revision}
