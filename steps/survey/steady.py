"""Looking at the catalogue and writing what follows from it, though other sessions may change it between."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from initdb.steps.catalog.port import catalogue_of
from initdb.steps.survey.facts import version_place

if TYPE_CHECKING:
    from initdb.steps.context import StepContext

TRIES = 5
"""How often a step looks; the last time it looks inside its unit, whatever others do."""


def until_steady(ctx: StepContext, once: Callable[[bool], bool]) -> None:
    """Do a step again while another session changes the catalogue between its look and its unit.

    A neighbour that makes a table every few milliseconds is no failure and no death of a run.

    Args:
        ctx: the step's.
        once: looks and writes. Told whether to look inside its unit, it gives whether it has written.
    """
    for attempt in range(1, TRIES):
        if once(False):
            return
        ctx.waits("Another session changed the catalogue meanwhile; it is looked at again.")
        ctx.sleep(0.05 * attempt)
    once(True)


def fingerprint_of(ctx: StepContext) -> str:
    """The catalogue's fingerprint, as the journal keeps it."""
    table, schema = version_place(ctx.application, ctx.knowledge)
    ignore = ctx.settings.ignore
    return catalogue_of(ctx.work).fingerprint(ignore=ignore, version_table=table, version_schema=schema)
