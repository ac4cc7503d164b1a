"""Looks at the catalogue and writes what follows from it, while other sessions may change it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from initdb.steps.catalog.port import catalogue_of
from initdb.steps.survey.facts import version_place

if TYPE_CHECKING:
    from initdb.steps.context import StepContext

TRIES = 5
"""How often a step looks. The last time it looks inside its unit, whatever other sessions do."""


def until_steady(ctx: StepContext, once: Callable[[bool], bool]) -> None:
    """Repeat a step while another session changes the catalogue between its look and its unit.

    Another program may create a table every few milliseconds. The run must not fail because of that.

    Args:
        ctx: The step's context.
        once: Looks and writes. It gets whether to look inside its unit, and returns whether it has written.
    """
    for attempt in range(1, TRIES):
        if once(False):
            return
        ctx.waits("Another session changed the catalogue meanwhile; it is looked at again.")
        ctx.sleep(0.05 * attempt)
    once(True)


def fingerprint_of(ctx: StepContext) -> str:
    """The fingerprint of the catalogue, as the journal stores it."""
    table, schema = version_place(ctx.application, ctx.knowledge)
    ignore = ctx.settings.ignore
    return catalogue_of(ctx.work).fingerprint(ignore=ignore, version_table=table, version_schema=schema)
