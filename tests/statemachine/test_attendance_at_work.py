"""What a stay does with the baton: it looks, checks, runs, goes on, and closes everything."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

import pytest

from initdb.errors import InitError
from initdb.events.head import ConnectionLost, HeadBusy, HeadMoved
from initdb.events.knowledge import Knowledge
from initdb.statemachine.decide.verdict import Verdict
from initdb.statemachine.loop.order import Order
from tests.statemachine.attendances import (
    BUSY_SAID,
    ERROR,
    HASH,
    LOST_SAID,
    MOVED_SAID,
    READY,
    WORK,
    Locked,
    Ran,
    Shutdown,
    TooMany,
    World,
    ended_run,
    failed_as,
    look,
    ready_look,
    works,
    world,
)
from tests.statemachine.test_telling import entry

__all__ = ["world"]


def test_who_has_the_baton_looks_once_more_and_works(world: World) -> None:
    """Guards and version of the journal are checked first. All connections are closed."""
    written = [entry("run_started", {}), entry("health_validated", {})]
    known = replace(READY, seq=6)
    works(world, Ran(written, known))
    outcome = world.attend(look(WORK), look(WORK))
    assert world.done == [
        ("baton", None),
        "looked",
        "guards",
        "version",
        ("run", "work", "unfinished"),
        "closed",
        "released",
    ]
    assert (outcome.ending, outcome.exit_code, outcome.knowledge) == ("ready", 0, known)
    assert outcome.verdict == Verdict("ready", warnings=("w",))
    assert outcome.report is not None
    assert (outcome.report.run, outcome.report.entries) == ("run-1", written)
    assert world.site.newest == (None, 6, HASH)


def test_a_first_boot_has_nothing_to_check(world: World) -> None:
    """There is no head."""
    works(world, Ran([], READY))
    seen = look(Knowledge(), exists=False, head=None)
    assert world.attend(seen, seen).ending == "ready"
    assert world.done[:4] == ["prepared", ("baton", None), "looked", ("run", "work", "first boot")]


def test_what_another_has_done_meanwhile_is_done(world: World) -> None:
    """The look with the baton sees it."""
    world.batons.extend([True])
    outcome = world.attend(look(WORK), ready_look())
    assert (outcome.ending, outcome.knowledge) == ("ready", READY)
    assert world.done == [("baton", None), "looked", "closed", "released"]


@pytest.mark.parametrize(
    ("ran", "ending", "code"),
    [
        (Ran(known=READY), "ready", 0),
        (Ran(known=WORK), "done", 0),
        (Ran(known=READY, report={"stopped": 15}), "stopped", 143),
        (Ran(known=READY, report={"failure": ERROR, "exit_code": 5}), "failed", 5),
    ],
)
def test_how_a_run_ends(world: World, ran: Ran, ending: str, code: int) -> None:
    """The outcome is that of the report. It has no verdict if the run came to none."""
    works(world, ran)
    outcome = world.attend(look(WORK), look(WORK))
    assert (outcome.ending, outcome.exit_code, outcome.knowledge) == (ending, code, ran.known)
    assert outcome.error == ran.report.get("failure")
    assert outcome.signum == ran.report.get("stopped")
    assert (outcome.verdict is None) == (ending in ("stopped", "failed"))
    assert outcome.report is not None
    assert (outcome.report.run, outcome.report.stopped) == ("run-1", ran.report.get("stopped"))


def test_without_a_judgement_there_is_no_warning(world: World) -> None:
    """This is so after an order."""
    works(world, Ran(known=replace(WORK, judgements=())))
    assert world.attend(look(WORK), look(WORK)).verdict == Verdict("ready")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (HeadMoved(), MOVED_SAID),
        (Shutdown(), LOST_SAID),
        (Locked(), BUSY_SAID),
    ],
)
def test_a_run_that_is_cut_off_goes_on(world: World, error: Exception, said: str) -> None:
    """It does so after a pause that grows. The report has both parts."""
    first, second = entry("run_started", {}), entry("run_continued", {})
    works(world, Ran([first], WORK, raises=error), Ran([second], READY))
    outcome = world.attend(look(WORK), look(WORK), look(WORK), look(WORK))
    assert outcome.report is not None and outcome.report.entries == [first, second]
    assert (world.told, world.pauses) == ([(said, None)], [0.2])
    assert world.done.count("closed") == world.done.count("released") == 2
    assert world.cut_off == ["", said]


def test_a_run_that_is_cut_off_again_and_again(world: World) -> None:
    """The pauses are doubled. The wait limit does not count, and what is left of it is the patience of the
    next."""
    world.settings = {"wait_limit": 1.0}
    lost = Ran([entry("run_started", {})], WORK, raises=ConnectionLost(), takes=0.5)
    works(world, lost, lost, lost, lost, Ran([], READY))
    assert world.attend(*[look(WORK)] * 10).ending == "ready"
    assert world.pauses == [0.2, 0.4, 0.8, 1.6]
    assert [run.patience for run in world.ran] == pytest.approx([1.0, 0.8, 0.0, 0.0, 0.0])


def test_what_a_run_waited_for_a_lock_counts(world: World) -> None:
    """The limit that begins anew with its progress is shorter by that."""
    world.settings = {"wait_limit": 1.0}
    busy = Ran([entry("run_started", {})], WORK, raises=HeadBusy(waited=0.6), takes=0.7)
    works(world, busy, Ran([], READY))
    assert world.attend(*[look(WORK)] * 4).ending == "ready"
    assert [run.patience for run in world.ran] == pytest.approx([1.0, 0.2])


@pytest.mark.parametrize(
    ("error", "context"),
    [
        (sqlite3.DatabaseError("broken"), ("journal: broken",)),
        (InitError("database-permission-denied", "ours"), ("ours",)),
    ],
)
def test_a_run_that_fails_where_nothing_can_be_written(
    world: World, error: Exception, context: tuple[str, ...]
) -> None:
    """The outcome has an error all the same. All connections are closed."""
    works(world, Ran([entry("run_started", {})], WORK, raises=error))
    outcome = world.attend(look(WORK), look(WORK))
    assert outcome.error is not None
    assert (outcome.error.reference, outcome.error.context) == ("database-permission-denied", context)
    assert world.done[-2:] == ["closed", "released"]


@pytest.mark.parametrize(
    ("error", "reference"),
    [
        (sqlite3.DatabaseError("broken"), "database-permission-denied"),
        (InitError("in-transaction"), "in-transaction"),
    ],
)
def test_a_connection_that_is_not_had(world: World, error: Exception, reference: str) -> None:
    """The baton has a connection, and the work gets none."""
    world.batons.extend([True])
    world.connections.append(error)
    outcome = world.attend(look(WORK))
    assert outcome.error is not None and outcome.error.reference == reference
    assert outcome.error.context == (() if reference == "in-transaction" else ("connect: broken",))
    assert world.done == [("baton", None), "released"]


def test_a_second_connection_that_the_server_does_not_have(world: World) -> None:
    """It is waited for. The error says that two are needed."""
    world.settings = {"wait_limit": 0.1}
    world.batons.extend([True, True])
    world.connections.extend([TooMany(), TooMany()])
    outcome = world.attend(look(WORK), look(WORK))
    assert outcome.error is not None
    assert (outcome.error.reference, outcome.error.database) == ("too-few-connections", "sqlite")
    assert world.pauses == [0.2]
    for note in world.site.spool.waiting():
        world.site.spool.drop([note.id])


IN_DOUBT = Ran([entry("run_started", {})], WORK, raises=ConnectionLost())


@pytest.mark.parametrize("under", [False, True])
@pytest.mark.parametrize(
    ("arrived", "ending"),
    [
        (replace(READY, last_run=ended_run("ready", "run-1")), "ready"),
        (replace(WORK, last_run=ended_run("stopped", "run-1"), last_type="run_stopped"), "done"),
        (
            replace(
                WORK,
                last_run=ended_run("failed", "run-1"),
                last_type="step_failed",
                last_data={"error": ERROR.as_data()},
            ),
            "failed",
        ),
    ],
)
def test_an_end_whose_commit_was_in_doubt(world: World, arrived: Knowledge, ending: str, under: bool) -> None:
    """The COMMIT has arrived. No run begins, although there would be work."""
    works(world, IN_DOUBT)
    if under:
        world.batons.extend([True])
    order = Order(reason="repair")
    looks = [look(WORK), look(WORK), *([look(WORK)] if under else []), look(arrived)]
    outcome = world.attend(*looks, order=order)
    assert (outcome.ending, outcome.knowledge) == (ending, arrived)
    assert outcome.exit_code == (1 if ending == "failed" else 0)
    assert (outcome.error is not None) == (ending == "failed")
    if ending == "ready":
        assert outcome.verdict == Verdict("ready", warnings=("w",))
    if ending == "failed":
        assert outcome.report is None and outcome.verdict is None
    else:
        assert outcome.report is not None and outcome.report.entries == IN_DOUBT.entries
        assert outcome.report.run == "run-1"


def test_a_first_boot_whose_database_goes_away_is_waited_for(world: World) -> None:
    """The database has answered, although it had no journal."""
    works(world, IN_DOUBT, Ran(known=READY))
    seen = look(Knowledge(), exists=False, head=None)
    refused = InitError("authentication-failed", "x")
    assert world.attend(seen, seen, refused, seen, seen).ending == "ready"
    assert len(world.pauses) == 2


def test_a_run_of_another_that_ended_is_not_ours(world: World) -> None:
    """Our own run goes on."""
    works(world, IN_DOUBT, Ran(known=READY))
    looks = [look(WORK), look(WORK), look(WORK), look(WORK)]
    assert world.attend(*looks).ending == "ready"


@pytest.mark.parametrize(
    ("seen", "order", "begins"),
    [
        (ready_look(), Order(reason="repair"), True),
        (ready_look(), Order(), False),
        (look(failed_as(), catalog="c"), Order(reason="repair"), True),
        (look(failed_as(), catalog="c"), Order(insist=True), False),
        (look(replace(WORK, held={"r": "d"}), pending={"r": "d"}), Order(reason="x"), False),
        (
            look(replace(WORK, held={"r": "d"}), pending={"r": "d"}),
            Order(reason="x", command=lambda ctx: ()),
            True,
        ),
        (look(WORK, unknown=("r9",)), Order(reason="x", command=lambda ctx: ()), False),
    ],
)
def test_where_an_order_begins_although_there_is_nothing_to_do(
    world: World, seen: Any, order: Order, begins: bool
) -> None:
    """On a held database only a command begins; on a newer one nothing does."""
    if begins:
        works(world, Ran(known=READY))
    world.attend(seen, *([seen] if begins else []), order=order)
    assert any(one[0] == "run" for one in world.done if isinstance(one, tuple)) == begins


def test_a_failure_is_overridden_by_its_number(world: World) -> None:
    """This counts both times that the failure is judged."""
    works(world, Ran(known=READY))
    seen = look(failed_as(), catalog="c")
    assert world.attend(seen, seen, order=Order(override=7)).ending == "ready"
    assert ("run", "work", "resume") in world.done
    assert world.attend(seen, order=Order(override=8)).ending == "failed"
