"""What follows when this process has made the database ready: a checkpoint, if the settings ask for one."""

from __future__ import annotations

from initdb.events.payloads.work import HealthValidated
from initdb.statemachine.loop.outcome import Outcome
from initdb.statemachine.site import Site


def at_ready(site: Site, outcome: Outcome) -> tuple[str, ...]:
    """Make a checkpoint and deliver it, after the COMMIT of `health_validated`.

    A process that finds the database ready writes none: the one that made it ready has done so.

    Args:
        site: The application and its database.
        outcome: How the process's stay ended.

    Returns:
        Warnings. Nothing is raised: the database is ready in any case.
    """
    known, report = outcome.knowledge, outcome.report
    if site.settings.checkpoint_when != "ready" or outcome.ending != "ready" or not known or not report:
        return ()
    if not any(entry.type == HealthValidated.type for entry in report.entries):
        return ()
    # A boot that makes no checkpoint need not import this.
    from initdb.statemachine.loop.checkpoints import delivered

    return delivered(site.settings, known, site.clock.now())
