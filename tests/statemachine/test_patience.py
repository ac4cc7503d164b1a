"""Which errors of a step are retried, as a table, and how an outage is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from initdb.errors import InitError
from initdb.events.clock import Clock
from initdb.statemachine.loop.outage import Outage
from initdb.statemachine.loop.patience import TRIES, Patience
from initdb.statemachine.table import State
from tests.support.toy import Toy


@dataclass
class Hand:
    """A clock that the test sets."""

    now: float = 100.0

    def clock(self) -> Clock:
        return Clock(monotonic=lambda: self.now)


def _pauses(state: State, database: str, reference: str, tries: int = 6) -> list[float | None]:
    patience = Patience(state, database, 10.0, Hand().clock())
    return [patience.after(InitError(reference)) for _ in range(tries)]


@pytest.mark.parametrize("reference", ["deadlock", "serialization-failure", "lock-timeout"])
def test_a_conflict_is_tried_five_times(reference: str) -> None:
    """The pauses grow. The fifth failure is that of the step."""
    assert _pauses(State.unseeded, "postgresql", reference) == [0.5, 1.0, 1.5, 2.0, None, None]
    assert TRIES == 5


@pytest.mark.parametrize(
    ("state", "database", "reference"),
    [
        (State.behind, "postgresql", "deadlock"),
        (State.behind, "postgresql", "lock-timeout"),
        (State.unseeded, "sqlite", "lock-timeout"),
        (State.unseeded, "postgresql", "statement-timeout"),
        (State.unseeded, "postgresql", "disk-full"),
        (State.unseeded, "postgresql", "seed-rejected"),
    ],
)
def test_what_is_not_tried_again(state: State, database: str, reference: str) -> None:
    """A revision was retried in its step. On SQLite a step has locked itself out. Other errors last."""
    assert _pauses(state, database, reference, 1) == [None]


@pytest.mark.parametrize("reference", ["too-many-connections", "database-closed"])
def test_a_connection_is_waited_for(reference: str) -> None:
    """It is waited for up to the limit, with pauses that grow to a second. It may be that of a revision's
    env.py."""
    hand = Hand()
    patience = Patience(State.behind, "postgresql", 10.0, hand.clock())
    pauses = [patience.after(InitError(reference)) or 0.0 for _ in range(9)]
    assert pauses == sorted(pauses) and pauses[0] == pytest.approx(0.15) and pauses[-1] == 1.0
    hand.now += 9.9
    assert patience.after(InitError(reference)) == 1.0
    hand.now += 0.1
    assert patience.after(InitError(reference)) is None


def test_an_outage_is_one_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts all attempts, and has the first one's reference and the last one's context. Then it begins
    anew."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    site = Toy(tmp_path, f"sqlite:///{tmp_path / 'x.db'}").initializer().site
    moments = (datetime(2026, 11, 23, 8, 6, second, tzinfo=UTC) for second in range(60))
    site.clock = Clock(now=lambda: next(moments))
    outage = Outage(site)
    outage.tell()
    assert not site.spool.waiting()
    assert outage.met(InitError("connection-refused", "port 1", "host a")).endswith(" (port 1; host a)")
    outage.met(InitError("server-starting", "port 2"))
    outage.tell()
    outage.tell()
    (note,) = site.spool.waiting()
    assert note.type == "outage"
    assert note.data == {
        "first": "2026-11-23T08:06:00.000000Z",
        "last": "2026-11-23T08:06:01.000000Z",
        "count": 2,
        "reference": "connection-refused",
        "context": ["port 2"],
    }
    assert note.at == "2026-11-23T08:06:02.000000Z"
    outage.met(InitError("connection-refused"))
    outage.tell()
    assert [one.data["count"] for one in site.spool.waiting()] == [2, 1]
