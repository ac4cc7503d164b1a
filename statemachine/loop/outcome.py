"""How a process's stay at a database ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from initdb.errors import InitError, Rendered
from initdb.errors.stored import read_stored
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.runs import StepFailed
from initdb.statemachine.decide.verdict import Verdict
from initdb.statemachine.loop.order import Order, Report
from initdb.steps.survey.edits import Edit

Ending = Literal["ready", "failed", "held", "ahead", "pending", "busy", "running", "stopped", "done"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended.

    Attributes:
        ending: The ending in one word.
        verdict: The verdict that it ended with.
        knowledge: What the journal said at the end.
        report: What this process's runs did; None if it began none.
        error: The error, if it failed.
        exit_code: The exit code, unless settings change it; see `statemachine.reporting`.
        signum: The signal that stopped it.
        missed: A signal that came too late to stop it. The process still has to answer it.
        cautions: Warnings about the database's file, or its server's settings.
        edited: The files that were edited since they were applied.
    """

    ending: Ending
    verdict: Verdict | None = None
    knowledge: Knowledge | None = None
    report: Report | None = None
    error: Rendered | None = None
    exit_code: int = 0
    signum: int | None = None
    missed: int | None = None
    cautions: tuple[str, ...] = ()
    edited: tuple[Edit, ...] = ()


def of_verdict(verdict: Verdict, known: Knowledge) -> Outcome:
    """The outcome of a verdict that leaves nothing to do."""
    if verdict.kind == "failed" and verdict.failure is not None:
        error = read_stored(verdict.failure.error)
        return Outcome("failed", verdict, known, error=error, exit_code=1)
    endings: dict[str, Ending] = {"held": "held", "ahead": "ahead"}
    return Outcome(endings.get(verdict.kind, "ready"), verdict, known)


def of_pending(
    verdict: Verdict, known: Knowledge, read_only: str = "", names: Mapping[str, str] | None = None
) -> Outcome:
    """The outcome of a process that does not work itself, although there is work.

    `read_only`: why nothing can be written here, whatever the process was told to do.
    `names`: those of the database, for the error.
    """
    said, fix = (verdict.reason, *verdict.changed), None
    if read_only:
        said = (f"The database is read-only here: {read_only}", f"There is work: {', '.join(said)}.")
        also = f", or let this role write: {_WRITES}" if read_only.startswith("default_transaction") else ""
        fix = f"Name the database that can be written in database_url (or work_url){also}, then: initdb run"
    error = InitError("pending-work", *said, fix=fix, names=names).rendered()
    return Outcome("pending", verdict, known, error=error, exit_code=3)


_WRITES = 'ALTER ROLE "DBROLE" SET default_transaction_read_only = off'
"""It wins over the setting of the database and of the server."""


def of_report(report: Report, known: Knowledge) -> Outcome:
    """The outcome of a run that came to its end."""
    if report.stopped is not None:
        code = 128 + report.stopped
        return Outcome("stopped", None, known, report, exit_code=code, signum=report.stopped)
    if report.failure is not None:
        return Outcome("failed", None, known, report, report.failure, report.exit_code)
    ended: Ending = "ready" if known.state == "ready" else "done"
    return Outcome(ended, Verdict("ready", warnings=_warnings(known)), known, report)


def of_journal(known: Knowledge) -> Outcome:
    """The outcome of a run of which only the journal says how it ended."""
    if known.last_type == "step_failed":
        error = read_stored(StepFailed.read(known.last_data).error)
        return Outcome("failed", None, known, error=error, exit_code=error.exit_code)
    if known.state == "ready":
        return Outcome("ready", Verdict("ready", warnings=_warnings(known)), known)
    return Outcome("done", None, known)


def of_own_run(order: Order) -> Outcome:
    """The outcome of a call from inside a run. A boot leaves the work to that; an order is refused."""
    if not order.forced and order.command is None:
        return Outcome("running")
    error = InitError("another-process-at-work", "this was called from inside the run that is at work")
    return Outcome("busy", error=error.rendered(), exit_code=4)


def _warnings(known: Knowledge) -> tuple[str, ...]:
    return known.judgements[-1].warnings if known.judgements else ()
