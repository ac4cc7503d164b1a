"""How a stay answers each verdict, signal and error, and what it does while it waits."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from initdb.errors import InitError
from initdb.errors.stored import read_stored
from initdb.events.head import ConnectionLost, HeadBusy, HeadMoved, NoJournal
from initdb.events.journal import Journal
from initdb.events.knowledge import Judgement, Knowledge
from initdb.statemachine.decide.verdict import WORTH_WAITING, Look, Verdict
from initdb.statemachine.loop import attend as attending
from initdb.statemachine.loop.attend import attend
from initdb.statemachine.loop.order import Order
from initdb.statemachine.loop.others import Others
from initdb.statemachine.loop.outcome import Outcome
from initdb.statemachine.loop.signals import Stopped, Stopper
from initdb.statemachine.loop.translated import translated
from tests.statemachine.attendances import (
    BUSY,
    BUSY_SAID,
    GONE_SAID,
    HASH,
    JOURNAL,
    LOST_SAID,
    MOVED_SAID,
    NO_TABLE,
    READY,
    WORK,
    Locked,
    World,
    ended_run,
    failed_as,
    look,
    ready_look,
    world,
)

__all__ = ["world"]


def test_ready_is_ready_at_once(world: World) -> None:
    """Nothing is opened, locked or created. The cautions about the file system are reported."""
    outcome = world.attend(ready_look())
    assert outcome == Outcome("ready", Verdict("ready", warnings=("w",)), READY, cautions=("a caution",))
    assert (world.done, world.pauses, world.told) == ([], [], [])
    assert world.site.newest == (None, 4, HASH)


def test_a_failure_that_stands_is_adopted(world: World) -> None:
    """The outcome has its error as it was shown."""
    known = failed_as()
    outcome = world.attend(look(known, catalog="c"))
    failure = known.judgements[0].failure
    assert failure is not None
    assert (outcome.ending, outcome.exit_code, outcome.knowledge) == ("failed", 1, known)
    assert outcome.error == read_stored(failure.error)
    assert outcome.verdict == Verdict("failed", failure=failure)


@pytest.mark.parametrize(
    ("seen", "ending", "revisions"),
    [
        (look(WORK, unknown=("r9",)), "ahead", ("r9",)),
        (look(replace(WORK, held={"r2": "d"}), pending={"r2": "d"}), "held", ("r2",)),
    ],
)
def test_where_nothing_can_be_done(world: World, seen: Any, ending: str, revisions: tuple[str, ...]) -> None:
    """The outcome says so, and names the revisions."""
    outcome = world.attend(seen)
    assert (outcome.ending, outcome.exit_code, outcome.error) == (ending, 0, None)
    assert outcome.verdict is not None and outcome.verdict.revisions == revisions
    assert outcome.knowledge == seen.knowledge


CHANGED = look(replace(READY, judgements=(Judgement({"models": "b"}),)), catalog="c")


def test_to_check_is_to_look_once(world: World) -> None:
    """If work is pending, that is an error with its reason."""
    outcome = world.attend(CHANGED, mode="check")
    assert (outcome.ending, outcome.exit_code, outcome.knowledge) == ("pending", 3, CHANGED.knowledge)
    assert outcome.verdict == Verdict("work", "changed", ("models",))
    assert outcome.error is not None
    assert (outcome.error.reference, outcome.error.context) == ("pending-work", ("changed", "models"))
    assert world.done == []


def test_to_check_what_is_locked_is_an_error(world: World) -> None:
    """A check does not wait."""
    outcome = world.attend(HeadBusy(), mode="check")
    assert outcome.error is not None
    assert (outcome.error.reference, outcome.error.context) == ("lock-timeout", (BUSY_SAID,))
    assert outcome.error.database == "sqlite"
    assert (outcome.ending, world.told) == ("failed", [])


@pytest.mark.parametrize(
    ("signal", "said"),
    [
        (HeadBusy(), BUSY_SAID),
        (HeadMoved(), MOVED_SAID),
        (NoJournal(), GONE_SAID),
        (ConnectionLost(), LOST_SAID),
        (BUSY, BUSY_SAID),
        (NO_TABLE, GONE_SAID),
        (Locked(), BUSY_SAID),
    ],
)
def test_what_moves_is_looked_at_again(world: World, signal: Exception, said: str) -> None:
    """Everything is looked at again after a pause, and the watcher is told the reason."""
    before = look(WORK)
    world.batons.extend([False])
    assert world.attend(before, signal, ready_look()).ending == "ready"
    assert world.told == [
        ("another process is at work", None),
        (said, None),
    ]
    assert world.befores == [None, before, None]
    assert world.pauses == [0.2, 0.24]


def test_pauses_grow_a_little(world: World) -> None:
    """They grow by a fifth, up to 0.9 s, and are at most twice as long."""
    world.attend(*[HeadMoved()] * 11, ready_look())
    assert world.pauses == [0.2, 0.24, 0.288, 0.346, 0.415, 0.498, 0.597, 0.717, 0.86, 0.9, 0.9]


def test_pauses_are_spread(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred waiting replicas do not ask at the same time."""
    asked: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        asked.append((low, high))
        return 1.5

    monkeypatch.setattr(attending.random, "uniform", uniform)
    world.attend(HeadMoved(), ready_look())
    assert (asked, world.pauses) == ([(1.0, 2.0)], [0.3])


def test_waiting_has_a_limit(world: World) -> None:
    """The limit is for a time without progress. The error says what was waited for."""
    world.settings = {"wait_limit": 1.0}
    outcome = world.attend(*[HeadMoved()] * 5)
    assert outcome.error is not None
    assert (outcome.error.reference, outcome.error.context) == ("wait-limit", (MOVED_SAID,))
    assert outcome.error.database == "sqlite"
    assert outcome.error.database == "sqlite"
    assert world.now == pytest.approx(1001.07, abs=0.01)


def test_whoever_gets_on_is_waited_for(world: World) -> None:
    """The limit begins anew with each entry."""
    world.settings = {"wait_limit": 0.5}
    looks = [look(replace(WORK, seq=seq)) for seq in range(4, 9)]
    world.batons.extend([False] * 5)
    assert world.attend(*looks, ready_look()).ending == "ready"
    looks = [look(WORK)] * 4
    world.batons.extend([False] * 4)
    outcome = world.attend(*looks)
    assert outcome.error is not None
    assert (outcome.error.reference, outcome.error.database) == ("wait-limit", "sqlite")


def test_a_mode_that_waits_never_works(world: World) -> None:
    """The watcher is told which process works, or that none does."""
    nobody, somebody = look(WORK), look(replace(WORK, last_run=ended_run(None), last_at="T"))
    assert world.attend(nobody, somebody, ready_look(), mode="wait").ending == "ready"
    gone = "no process is at work: shop on web-1 (process 41) is gone; it was on migrate"
    assert world.told == [
        ("no process is at work yet (unfinished)", None),
        (f"{gone}; last: of a type that this version does not know, at T (interrupted)", "T"),
    ]
    assert world.done == []


@pytest.mark.parametrize("how", ["mode", "reader"])
def test_who_may_not_work_gives_up_in_the_end(world: World, how: str) -> None:
    """The outcome says that work is pending."""
    world.settings = {"wait_limit": 0.3}
    seen = look(WORK, read_only="It is a standby." if how == "reader" else "")
    outcome = world.attend(seen, seen, seen, mode="wait" if how == "mode" else "work")
    assert (outcome.ending, outcome.exit_code) == ("pending", 3)
    why = ("The database is read-only here: It is a standby.", "There is work: unfinished.")
    said = why if how == "reader" else ("unfinished",)
    assert outcome.error is not None and outcome.error.context == said
    assert outcome.error.fix.startswith("Name the database that can be written") == (how == "reader")
    assert outcome.knowledge == WORK and world.done == []
    assert world.told[0][0].endswith("(unfinished). It is a standby." if how == "reader" else "(unfinished)")


@pytest.mark.parametrize(
    ("left", "mode", "waits"),
    [
        (WORTH_WAITING, "work", True),
        (WORTH_WAITING + 0.5, "work", False),
        (2.0, "check", False),
        (2.0, "wait", False),
    ],
)
def test_a_failure_that_may_pass_is_waited_out(world: World, left: float, mode: str, waits: bool) -> None:
    """This happens if the retry is soon, and if this process may work."""
    failed = failed_as(passing=True, clock=100.0, attempt=5)
    seen = look(failed, catalog="c", clock=100.0 + 16.0 - left)
    assert world.attend(seen, *([ready_look()] if waits else []), mode=mode).ending == (
        "ready" if waits else "failed"
    )
    assert world.pauses == ([left + 0.01] if waits else [])


def test_without_a_mode_a_process_may_work(world: World) -> None:
    """So it waits for the retry of a failure that may pass."""
    failed = failed_as(passing=True, clock=100.0, attempt=5)
    world.looks.extend([look(failed, catalog="c", clock=115.0), ready_look()])
    assert attend(world.site).ending == "ready"
    assert world.pauses == [1.01]


def test_a_baton_that_cannot_be_had_is_waited_for(world: World) -> None:
    """Everything is looked at again from time to time."""
    world.batons.extend([False, False])
    seen = look(replace(WORK, last_at="T"))
    assert world.attend(seen, seen, ready_look()).ending == "ready"
    assert world.done == [("baton", None)] * 2
    assert [since for _, since in world.told] == ["T", "T"]


def test_on_a_server_only_the_baton_is_asked_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request compares the head that was seen, so it notices a change."""
    monkeypatch.setattr(attending, "FRESH", 2.0)
    world.url = "postgresql+psycopg2://app@db/shop"
    world.batons.extend([False, False, HeadMoved()])
    assert world.attend(look(WORK), ready_look()).ending == "ready"
    assert world.done == [("baton", (4, HASH))] * 3
    assert len(world.told) == 2


def test_without_a_head_the_baton_alone_is_asked_for(world: World) -> None:
    """Without a head nothing can have moved. A missing database is created."""
    world.url = "postgresql+psycopg2://app@db/shop"
    world.batons.extend([False])
    seen = look(WORK, exists=False, head=None)
    assert world.attend(seen, ready_look()).ending == "ready"
    assert world.done == ["prepared", ("baton", None)]


def test_who_does_not_wait_is_told_so(world: World) -> None:
    """The exit code is 4: another process works."""
    world.batons.extend([False])
    outcome = world.attend(look(WORK), wait=False)
    assert outcome == Outcome("busy", knowledge=WORK, exit_code=4, cautions=("a caution",))
    assert world.told == []


@pytest.mark.parametrize(
    ("error", "reference", "context"),
    [
        (InitError("baton-unwritable", "x"), "baton-unwritable", ("x",)),
        (sqlite3.DatabaseError("broken"), "database-permission-denied", ("connect: broken",)),
    ],
)
def test_a_baton_that_fails(world: World, error: Exception, reference: str, context: tuple[str, ...]) -> None:
    """The outcome has an error of the catalogue."""
    world.batons.extend([error])
    outcome = world.attend(look(WORK))
    assert outcome.error is not None
    assert (outcome.ending, outcome.error.reference, outcome.error.context) == ("failed", reference, context)


@pytest.mark.parametrize(("error", "said"), [(HeadBusy(), BUSY_SAID), (BUSY, BUSY_SAID)])
def test_a_baton_that_cannot_be_asked_for_now(world: World, error: Exception, said: str) -> None:
    """It is asked for again."""
    world.batons.extend([error])
    assert world.attend(look(WORK), ready_look()).ending == "ready"
    assert world.told == [(said, None)]


def test_a_signal_ends_a_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code is that of the signal."""

    def stopped(*_: object) -> None:
        raise Stopped(15)

    monkeypatch.setattr(attending.Stopper, "pause", stopped)
    assert world.attend(HeadMoved()) == Outcome("stopped", exit_code=143, signum=15)


def test_a_call_from_inside_its_own_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A boot leaves the work to that run. An order cannot be carried out."""
    asked: list[bool] = []

    def inside(site: object, *, threads: bool) -> bool:
        asked.append(threads)
        return True

    monkeypatch.setattr(attending, "called_from_inside", inside)
    assert world.attend() == Outcome("running")
    assert attend(world.site, Order(override=7), host=True) == Outcome("running")
    assert asked == [True, False]
    for order in (Order(reason="repair"), Order(command=lambda ctx: ())):
        outcome = world.attend(order=order)
        assert (outcome.ending, outcome.exit_code) == ("busy", 4)
        assert outcome.error is not None
        assert outcome.error.reference == "another-process-at-work"
        assert outcome.error.context == ("this was called from inside the run that is at work",)


@pytest.mark.parametrize("host", [False, True])
def test_whose_the_signals_are(world: World, monkeypatch: pytest.MonkeyPatch, host: bool) -> None:
    """They go to the stopper of this stay while it lasts."""
    asked: list[Any] = []

    @contextlib.contextmanager
    def graceful(stopper: Stopper, *, host: bool) -> Iterator[None]:
        asked.append(host)
        stopper.signum = 2
        yield

    monkeypatch.setattr(attending, "graceful", graceful)
    world.looks.append(HeadMoved())
    assert attend(world.site, host=host).exit_code == 130
    assert asked == [host]


def test_of_what_was_seen_the_others_are_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is at work is asked of the journal that was seen, and who is in the way of the last look."""
    asked: list[Any] = []

    def at_work(self: Others, journal: Journal, known: Knowledge, **how: bool) -> str:
        asked.append((journal, known, how))
        return "somebody is at work"

    def in_the_way(self: Others, seen: Look | None) -> str:
        asked.append(seen)
        return "a lock"

    monkeypatch.setattr(Others, "at_work", at_work)
    monkeypatch.setattr(Others, "in_the_way", in_the_way)
    world.batons.append(False)
    world.attend(HeadBusy(), look(WORK), HeadBusy(), ready_look())
    assert asked == [None, (JOURNAL, WORK, {"held": True, "anew": False}), look(WORK)]
    world.told.clear()
    world.attend(look(WORK), ready_look(), mode="wait")
    assert world.told == [("somebody is at work", None)]


def test_a_watcher_that_fails_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watcher is the application's."""

    def broken(self: World, waiting: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(World, "_waits", broken)
    assert world.attend(HeadMoved(), ready_look()).ending == "ready"


def test_what_is_the_loops_own_is_not_translated() -> None:
    """A signal that has come, and what the journal has to say."""
    for own in (Stopped(15), HeadBusy(), InitError("disk-full")):
        with pytest.raises(type(own)) as raised, translated(AssertionError):
            raise own
        assert raised.value is own
