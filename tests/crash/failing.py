"""Runs that see a fault and may fail: what they must report, and how the next run goes on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
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

_SAID = frozenset(words for row in CATALOGUE.values() for words in (f"error: {row.reference}", row.message))
"""What tells that an error is of the catalogue."""


@contextmanager
def failures_told(place: Place) -> Iterator[None]:
    """For the length of a block: a run may have written its failure down, and a person may say: go on."""
    scenario = place.scenario

    def go_on(initializer: Initializer) -> Answer:
        answer = scenario.resume(initializer)
        tries_again = answer.outcome == "failed" and not scenario.order
        return answer_of(initializer.resume()) if tries_again else answer

    place.scenario = replace(scenario, besides=scenario.besides | BESIDES, resume=go_on)
    try:
        yield
    finally:
        place.scenario = scenario


def hurried(seed: int = 1) -> Clock:
    """A steady clock that is half a minute later each time that somebody waits."""
    ticks = itertools.count()
    return replace(steady.clock(seed), monotonic=lambda: next(ticks) * _LEAP)


def untold(scenario: Scenario, answer: Answer) -> Iterator[str]:
    """A run that did not come to its end says why, in the words of the catalogue."""
    if answer.outcome == scenario.ends:
        return
    said = "\n".join(answer.errors)
    if answer.outcome != "failed" or not said:
        yield f"different: the run ended as {answer.outcome}: {said}"
    elif "Traceback" in said or "internal-error" in said or not any(one in said for one in _SAID):
        yield f"different: the run failed without an error of the catalogue: {said}"
