"""What an outcome means for one part of the work: which step failed, what was done, why it is not ready."""

from __future__ import annotations

from collections.abc import Iterator

from initdb.errors import InitError
from initdb.events.entry import Entry
from initdb.statemachine.loop.attend import Outcome
from initdb.statemachine.orders import reason_of


def entries(outcome: Outcome, event: str) -> Iterator[Entry]:
    """The events of this type that the run wrote."""
    written = outcome.report.entries if outcome.report else ()
    return (entry for entry in written if entry.type == event)


def failed_step(outcome: Outcome) -> str | None:
    """The step that failed, now or when the adopted failure was met; None where it was none of them."""
    if outcome.error is None:
        return None
    for entry in entries(outcome, "step_failed"):
        return str(entry.data.get("step"))
    failure = outcome.verdict.failure if outcome.verdict else None
    return failure.step if failure else None


def raise_for(outcome: Outcome) -> None:
    """Raises the outcome's error as InitError where it has one; "stopped" where a signal ended the run."""
    if outcome.error is not None or outcome.ending == "stopped":
        raise InitError.from_rendered(reason_of(outcome))
