"""What the outcome of a run means for one part of it: which step failed, what was done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from initdb.errors import InitError
from initdb.events.payloads import all_of
from initdb.events.payloads.form import Payload
from initdb.events.payloads.runs import StepFailed
from initdb.statemachine.loop.outcome import Outcome
from initdb.statemachine.reporting import reason_of

P = TypeVar("P", bound=Payload)


def events(outcome: Outcome, kind: type[P]) -> Iterator[P]:
    """The events of one type that the run wrote.

    Args:
        outcome: How the run ended.
        kind: The class of the type.
    """
    return all_of(kind, outcome.report.entries if outcome.report else ())


def failed_step(outcome: Outcome) -> str | None:
    """The step that failed, in this run or in the run whose failure still stands; None if no step failed."""
    if outcome.error is None:
        return None
    for failed in events(outcome, StepFailed):
        return failed.step
    failure = outcome.verdict.failure if outcome.verdict else None
    return failure.step if failure else None


def raise_for(outcome: Outcome) -> None:
    """Raise the error of the outcome, if it has one.

    Raises:
        InitError: The error; stopped, if a signal ended the run.
    """
    if outcome.error is not None or outcome.ending == "stopped":
        raise InitError.from_rendered(reason_of(outcome))
