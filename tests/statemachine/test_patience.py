"""What is tried again, how often and after how long; and what an outage leaves to be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from initdb.errors import InitError
from initdb.events.clock import Clock
from initdb.statemachine.outage import Outage
from initdb.statemachine.patience import CONFLICTS, REFUSED, TRIES, Patience
from initdb.statemachine.table import State
from tests.support.toy import Toy


@dataclass
class Time:
    """A clock that stands still until it is moved."""

    at: float = 1000.0
    clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = Clock(now=lambda: datetime.fromtimestamp(self.at, UTC), monotonic=lambda: self.at)


def _after(patience: Patience, reference: str, times: int) -> list[float | None]:
    return [patience.after(InitError(reference, "r1")) for _ in range(times)]


@pytest.mark.parametrize("reference", sorted(CONFLICTS))
def test_a_conflict_is_tried_again_a_few_times(reference: str) -> None:
    """At once, then after pauses that grow; the last try's error is the step's."""
    patience = Patience(State.unseeded, "postgresql", 10, Time().clock)
    assert _after(patience, reference, TRIES + 1) == [0.5, 1.0, 1.5, 2.0, None, None]


@pytest.mark.parametrize("reference", sorted(REFUSED))
def test_a_connection_that_is_refused_is_asked_for_until_the_limit(reference: str) -> None:
    """As long as a boot would wait for its own; up to a second between two tries."""
    time = Time()
    patience = Patience(State.behind, "postgresql", 10, time.clock)
    pauses = _after(patience, reference, 9)
    assert pauses[:3] == pytest.approx([0.15, 0.225, 0.3375])
    assert pauses[-2:] == [1.0, 1.0]
    time.at += 9.9
    assert patience.after(InitError(reference)) == 1.0
    time.at += 0.1
    assert patience.after(InitError(reference)) is None


def test_nothing_else_is_tried_again() -> None:
    """A revision has been tried again within its step; on SQLite nobody else holds a lock while we write."""
    time = Time()
    assert _after(Patience(State.unseeded, "postgresql", 10, time.clock), "revision-failed", 1) == [None]
    for reference in CONFLICTS:
        assert _after(Patience(State.behind, "postgresql", 10, time.clock), reference, 1) == [None]
    assert _after(Patience(State.unseeded, "sqlite", 10, time.clock), "lock-timeout", 1) == [None]
    assert _after(Patience(State.unseeded, "sqlite", 10, time.clock), "deadlock", 1) == [0.5]


def test_an_outage_is_one_note(tmp_path: Path) -> None:
    """When it began and was last met, how often, and what the database's absence looked like."""
    time = Time()
    initializer = Toy(tmp_path, f"sqlite:///{tmp_path / 'x.db'}").initializer(application=tmp_path.name)
    initializer.site.clock = time.clock
    spool, outage = initializer.site.spool, Outage(initializer.site)
    outage.tell()
    assert spool.waiting() == ()
    for number in range(3):
        said = outage.met(InitError("connection-refused", f"try {number}"))
        assert said.endswith(f"(try {number})")
        time.at += 60
    outage.tell()
    outage.tell()
    (note,) = spool.waiting()
    assert note.type == "outage" and note.at == "1970-01-01T00:19:40.000000Z"
    assert note.data == {
        "first": "1970-01-01T00:16:40.000000Z",
        "last": "1970-01-01T00:18:40.000000Z",
        "count": 3,
        "reference": "connection-refused",
        "context": ["try 2"],
    }
