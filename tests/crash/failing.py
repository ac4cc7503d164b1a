"""Runs that see a fault and may fail: what they must report, and how the next run goes on."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace

from initdb.errors.catalogue.index import CATALOGUE
from initdb.events.clock import Clock
from initdb.statemachine.initializer import Initializer
from tests.crash import steady
from tests.crash.places import Place
from tests.crash.scenario import Answer, Scenario, answer_of

BESIDES = frozenset({"step_failed", "override"})
"""Events of a failure that was written down, and of the person who said: go on."""

_LEAP = 30.0
"""Seconds by which a run's clock goes on at each look, so that what never recovers is given up soon."""


@contextmanager
def failures_told(place: Place) -> Iterator[None]:
    """For the length of a block: a run may have written its failure down, and a person may say: go on.

    Of a failure that passes by itself, like a full disk once it has room, nobody needs to say so.
    """
    scenario = place.scenario

    def go_on(initializer: Initializer) -> Answer:
        answer = scenario.resume(initializer)
        tries_again = answer.outcome == "failed" and not scenario.order and not _passes(answer)
        return answer_of(initializer.resume()) if tries_again else answer

    place.scenario = replace(scenario, besides=scenario.besides | BESIDES, resume=go_on)
    try:
        yield
    finally:
        place.scenario = scenario


def _passes(answer: Answer) -> bool:
    said = "\n".join(answer.errors)
    return any(f"error: {row.reference}" in said for row in CATALOGUE.values() if row.passing)


def hurried(seed: int = 1) -> Clock:
    """A steady clock that is half a minute later each time that somebody waits."""
    ticks = itertools.count()
    return replace(steady.clock(seed), monotonic=lambda: next(ticks) * _LEAP)


def untold(scenario: Scenario, answer: Answer, wanted: Collection[str] = ()) -> Iterator[str]:
    """A run that did not come to its end says why, in the words of the catalogue.

    `wanted`: the references by which it may fail; none is any.
    """
    if answer.outcome == scenario.ends:
        return
    said = "\n".join(answer.errors)
    if answer.outcome != "failed" or not said:
        yield f"different: the run ended as {answer.outcome}: {said}"
    elif "Traceback" in said or "internal-error" in said or not _is_any(said):
        yield f"different: the run failed without an error of the catalogue: {said}"
    elif wanted and not any(word in said for one in wanted for word in _words(one)):
        yield f"different: the run failed by another error than {' or '.join(sorted(wanted))}: {said}"


def _is_any(said: str) -> bool:
    return any(word in said for reference in CATALOGUE for word in _words(reference))


def _words(reference: str) -> tuple[str, str]:
    """What tells that an error is that row of the catalogue: a result has its message, an order both."""
    row = CATALOGUE[reference]
    return f"error: {row.reference}", row.message
