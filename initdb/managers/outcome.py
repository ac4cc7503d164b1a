"""What the outcome of a run means for one part of it: which step failed, what was done."""

from __future__ import annotations

from collections.abc import Iterator

from initdb.errors import InitError
from initdb.events.entry import Entry
from initdb.statemachine.loop.outcome import Outcome
from initdb.statemachine.reporting import reason_of


def entries(outcome: Outcome, event: str) -> Iterator[Entry]:
    """The entries that the run wrote for events of this type."""
    written = outcome.report.entries if outcome.report else ()
    return (entry for entry in written if entry.type == event)


def failed_step(outcome: Outcome) -> str | None:
    """The step that failed, in this run or in the run whose failure still stands; None if no step failed."""
    if outcome.error is None:
        return None
    for entry in entries(outcome, "step_failed"):
        return str(entry.data.get("step"))
    failure = outcome.verdict.failure if outcome.verdict else None
    return failure.step if failure else None


def raise_for(outcome: Outcome) -> None:
    """Raise the error of the outcome, if it has one.

    Raises:
        InitError: The error; stopped, if a signal ended the run.
    """
    if outcome.error is not None or outcome.ending == "stopped":
        raise InitError.from_rendered(reason_of(outcome))
