"""What an attendance answers to what it sees: to each verdict, signal and error, and while it waits."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

import pytest

from initdb.errors import InitError, Rendered
from initdb.events.head import ConnectionLost, HeadBusy, HeadMoved, NoJournal
from initdb.events.knowledge import Failure, Judgement, Knowledge, RunRecord
from initdb.statemachine.decide.verdict import Verdict
from initdb.statemachine.loop import attend as attending
from initdb.statemachine.loop.attend import WORTH_WAITING, Outcome, attend
from initdb.statemachine.loop.order import Order
from initdb.statemachine.loop.signals import Stopped
from initdb.steps import connect
from tests.statemachine.attendances import (
    BUSY,
    HASH,
    NO_TABLE,
    Locked,
    Ran,
    Shutdown,
    TooMany,
    World,
    look,
    world,
)
from tests.statemachine.test_telling import entry

__all__ = ["world"]

CODE = {"models": "a"}
BY = {"app": "shop", "host": "web-1", "pid": 41}
BUSY_SAID = "another session holds the journal, or a table whose definition has to be read"
MOVED_SAID = "the journal moved while this process worked"
ERROR = InitError("seed-rejected", "roles.csv line 3").rendered()


def _ended(ended: str | None = "ready", run: str = "elsewhere") -> RunRecord:
    return RunRecord(run, 1, "t", BY, ended=ended)


def _known(**values: Any) -> Knowledge:
    return Knowledge(**{"seq": 4, "hash": HASH, "state": "behind", "last_run": _ended(), **values})


WORK = _known()
"""Knowledge from which follows work: "unfinished"."""
READY = _known(state="ready", catalog="c", judgements=(Judgement(CODE, warnings=("w",)),))


def _failed(passing: bool = False, **values: Any) -> Knowledge:
    failure = Failure(7, "seed", "t", ERROR.as_data() | {"passing": passing}, CODE, **values)
    return replace(READY, judgements=(Judgement(CODE, failure),))


def _ready() -> Any:
    return look(READY, catalog="c")


def test_ready_is_ready_at_once(world: World) -> None:
    """Nothing is opened, taken or made; the file system's cautions are said."""
    outcome = world.attend(_ready())
    assert outcome == Outcome("ready", Verdict("ready", warnings=("w",)), READY, cautions=("a caution",))
    assert (world.done, world.pauses, world.told) == ([], [], [])
    assert world.site.newest == (None, 4, HASH)


def test_a_failure_that_stands_is_adopted(world: World) -> None:
    """With its error, as it was shown."""
    known = _failed()
    outcome = world.attend(look(known, catalog="c"))
    failure = known.judgements[0].failure
    assert failure is not None
    assert (outcome.ending, outcome.exit_code, outcome.knowledge) == ("failed", 1, known)
    assert outcome.error == Rendered.from_data(failure.error)
    assert outcome.verdict == Verdict("failed", failure=failure)


@pytest.mark.parametrize(
    ("seen", "ending", "revisions"),
    [
        (look(WORK, unknown=("r9",)), "ahead", ("r9",)),
        (look(replace(WORK, held={"r2": "d"}), pending={"r2": "d"}), "held", ("r2",)),
    ],
)
def test_where_nothing_can_be_done(world: World, seen: Any, ending: str, revisions: tuple[str, ...]) -> None:
    """It is said, and which revisions are why."""
    outcome = world.attend(seen)
    assert (outcome.ending, outcome.exit_code, outcome.error) == (ending, 0, None)
    assert outcome.verdict is not None and outcome.verdict.revisions == revisions
    assert outcome.knowledge == seen.knowledge


CHANGED = look(replace(READY, judgements=(Judgement({"models": "b"}),)), catalog="c")


def test_to_check_is_to_look_once(world: World) -> None:
    """What is pending is an error with a name, and why."""
    outcome = world.attend(CHANGED, mode="check")
    assert (outcome.ending, outcome.exit_code, outcome.knowledge) == ("pending", 3, CHANGED.knowledge)
    assert outcome.verdict == Verdict("work", "changed", ("models",))
    assert outcome.error is not None
    assert (outcome.error.reference, outcome.error.context) == ("pending-work", ("changed", "models"))
    assert world.done == []


def test_to_check_what_is_locked_is_an_error(world: World) -> None:
    """Nobody waits."""
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
        (NoJournal(), MOVED_SAID),
        (ConnectionLost(), MOVED_SAID),
        (BUSY, BUSY_SAID),
        (NO_TABLE, MOVED_SAID),
        (Locked(), BUSY_SAID),
    ],
)
def test_what_moves_is_looked_at_again(world: World, signal: Exception, said: str) -> None:
    """All of it, after a pause, and who waits is told why."""
    before = look(WORK)
    world.batons.extend([False])
    assert world.attend(before, signal, _ready()).ending == "ready"
    assert world.told == [
        (
            "shop on web-1 (process 41) is at work on migrate; last: of a type that this"
            " version does not know, at None",
            None,
        ),
        (said, None),
    ]
    assert world.befores == [None, before, None]
    assert world.pauses == [0.2, 0.24]


def test_pauses_grow_a_little(world: World) -> None:
    """By a fifth, to 0.4 s."""
    world.attend(*[HeadMoved()] * 7, _ready())
    assert world.pauses == [0.2, 0.24, 0.288, 0.346, 0.4, 0.4, 0.4]


def test_pauses_are_spread(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred that wait do not ask at once."""
    asked: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        asked.append((low, high))
        return 1.5

    monkeypatch.setattr(attending.random, "uniform", uniform)
    world.attend(HeadMoved(), _ready())
    assert (asked, world.pauses) == ([(1.0, 2.0)], [0.3])


def test_waiting_has_a_limit(world: World) -> None:
    """As long as nothing happens; the error says what was waited for."""
    world.settings = {"wait_limit": 1.0}
    outcome = world.attend(*[HeadMoved()] * 5)
    assert outcome.error is not None
    assert (outcome.error.reference, outcome.error.context) == ("wait-limit", (MOVED_SAID,))
    assert outcome.error.database == "sqlite"
    assert world.now == pytest.approx(1001.07, abs=0.01)


def test_whoever_gets_on_is_waited_for(world: World) -> None:
    """The limit begins anew with each entry."""
    world.settings = {"wait_limit": 0.5}
    looks = [look(replace(WORK, seq=seq)) for seq in range(4, 9)]
    world.batons.extend([False] * 5)
    assert world.attend(*looks, _ready()).ending == "ready"
    looks = [look(WORK)] * 4
    world.batons.extend([False] * 4)
    outcome = world.attend(*looks)
    assert outcome.error is not None and outcome.error.reference == "wait-limit"


def test_a_mode_that_waits_never_works(world: World) -> None:
    """It says whom it waits for, or that nobody is there."""
    nobody, somebody = look(WORK), look(replace(WORK, last_run=_ended(None), last_at="T"))
    assert world.attend(nobody, somebody, _ready(), mode="wait").ending == "ready"
    at_work = "shop on web-1 (process 41) is at work on migrate"
    assert world.told == [
        ("nobody is at work yet (unfinished)", None),
        (f"{at_work}; last: of a type that this version does not know, at T", "T"),
    ]
    assert world.done == []


@pytest.mark.parametrize("how", ["mode", "reader"])
def test_who_may_not_work_gives_up_in_the_end(world: World, how: str) -> None:
    """What is pending is then said."""
    world.settings = {"wait_limit": 0.3}
    seen = look(WORK, reader=how == "reader")
    outcome = world.attend(seen, seen, seen, mode="wait" if how == "mode" else "work")
    assert (outcome.ending, outcome.exit_code) == ("pending", 3)
    assert outcome.error is not None and outcome.error.context == ("unfinished",)
    assert world.done == []


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
    """Where that is soon, and this process may work."""
    failed = _failed(passing=True, clock=100.0, attempt=5)
    seen = look(failed, catalog="c", clock=100.0 + 16.0 - left)
    assert world.attend(seen, *([_ready()] if waits else []), mode=mode).ending == (
        "ready" if waits else "failed"
    )
    assert world.pauses == ([left + 0.01] if waits else [])


def test_a_baton_that_cannot_be_had_is_waited_for(world: World) -> None:
    """Each time everything is looked at: a file is as quickly looked at as asked."""
    world.batons.extend([False, False])
    seen = look(replace(WORK, last_at="T"))
    assert world.attend(seen, seen, _ready()).ending == "ready"
    assert world.done == [("baton", None)] * 2
    assert [since for _, since in world.told] == ["T", "T"]


def test_on_postgresql_only_the_baton_is_asked_for(world: World) -> None:
    """With the head that was seen: to ask is to ask whether it has moved."""
    world.url = "postgresql+psycopg2://app@db/shop"
    world.batons.extend([False, False, HeadMoved()])
    assert world.attend(look(WORK), _ready()).ending == "ready"
    assert world.done == [("baton", (4, HASH))] * 3
    assert len(world.told) == 2


def test_without_a_head_the_baton_alone_is_asked_for(world: World) -> None:
    """There is nothing that could have moved; the database is made where it is missing."""
    world.url = "postgresql+psycopg2://app@db/shop"
    world.batons.extend([False])
    seen = look(WORK, exists=False, head=None)
    assert world.attend(seen, _ready()).ending == "ready"
    assert world.done == ["prepared", ("baton", None)]


def test_who_does_not_wait_is_told_so(world: World) -> None:
    """4: another process works."""
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
    """With a name."""
    world.batons.extend([error])
    outcome = world.attend(look(WORK))
    assert outcome.error is not None
    assert (outcome.ending, outcome.error.reference, outcome.error.context) == ("failed", reference, context)


@pytest.mark.parametrize(("error", "said"), [(HeadBusy(), BUSY_SAID), (BUSY, BUSY_SAID)])
def test_a_baton_that_cannot_be_asked_for_now(world: World, error: Exception, said: str) -> None:
    """Is asked for again."""
    world.batons.extend([error])
    assert world.attend(look(WORK), _ready()).ending == "ready"
    assert world.told == [(said, None)]


def _works(world: World, *ran: Ran) -> None:
    world.batons.extend([True] * len(ran))
    world.runs.extend(ran)


def test_who_has_the_baton_looks_once_more_and_works(world: World) -> None:
    """The journal's guards and version are checked before; what was opened is closed."""
    written = [entry("run_started", {}), entry("health_validated", {})]
    known = replace(READY, seq=6)
    _works(world, Ran(written, known))
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
    _works(world, Ran([], READY))
    seen = look(Knowledge(), exists=False, head=None)
    assert world.attend(seen, seen).ending == "ready"
    assert world.done[:4] == ["prepared", ("baton", None), "looked", ("run", "work", "first boot")]


def test_what_another_has_done_meanwhile_is_done(world: World) -> None:
    """Seen under the baton."""
    world.batons.extend([True])
    assert world.attend(look(WORK), _ready()).ending == "ready"
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
    """As its report says; without a verdict where it did not come to one."""
    _works(world, ran)
    outcome = world.attend(look(WORK), look(WORK))
    assert (outcome.ending, outcome.exit_code, outcome.knowledge) == (ending, code, ran.known)
    assert outcome.error == ran.report.get("failure")
    assert outcome.signum == ran.report.get("stopped")
    assert (outcome.verdict is None) == (ending in ("stopped", "failed"))
    assert outcome.report is not None and outcome.report.run == "run-1"


def test_without_a_judgement_there_is_no_warning(world: World) -> None:
    """As after an order."""
    _works(world, Ran(known=replace(WORK, judgements=())))
    assert world.attend(look(WORK), look(WORK)).verdict == Verdict("ready")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (HeadMoved(), MOVED_SAID),
        (Shutdown(), MOVED_SAID),
        (Locked(), BUSY_SAID),
    ],
)
def test_a_run_that_is_cut_off_goes_on(world: World, error: Exception, said: str) -> None:
    """After a pause that grows; the report tells of both parts."""
    first, second = entry("run_started", {}), entry("run_continued", {})
    _works(world, Ran([first], WORK, raises=error), Ran([second], READY))
    outcome = world.attend(look(WORK), look(WORK), look(WORK), look(WORK))
    assert outcome.report is not None and outcome.report.entries == [first, second]
    assert (world.told, world.pauses) == ([(said, None)], [0.2])
    assert world.done.count("closed") == world.done.count("released") == 2


def test_a_run_that_is_cut_off_again_and_again(world: World) -> None:
    """Pauses are doubled; the waiting limit is not for it."""
    world.settings = {"wait_limit": 1.0}
    lost = Ran([entry("run_started", {})], WORK, raises=ConnectionLost())
    _works(world, lost, lost, lost, lost, Ran([], READY))
    assert world.attend(*[look(WORK)] * 10).ending == "ready"
    assert world.pauses == [0.2, 0.4, 0.8, 1.6]


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
    """It has a name all the same; what was opened is closed."""
    _works(world, Ran([entry("run_started", {})], WORK, raises=error))
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
    """The baton had one, the work has none."""
    world.batons.extend([True])
    world.connections.append(error)
    outcome = world.attend(look(WORK))
    assert outcome.error is not None and outcome.error.reference == reference
    assert world.done == [("baton", None), "released"]


def test_a_second_connection_that_the_server_does_not_have(world: World) -> None:
    """It is waited for; the error says that two are needed."""
    world.settings = {"wait_limit": 0.1}
    world.batons.extend([True, True])
    world.connections.extend([TooMany(), TooMany()])
    outcome = world.attend(look(WORK), look(WORK))
    assert outcome.error is not None
    assert (outcome.error.reference, outcome.error.database) == ("too-few-connections", "sqlite")
    assert world.pauses == [0.2]
    for note in world.site.spool.waiting():
        world.site.spool.drop([note.id])


REFUSED = InitError("connection-refused", "port 1")
"""Passes by itself."""


def test_a_database_that_is_not_there_is_waited_for(world: World) -> None:
    """Everything is looked at anew; the outage is told by whoever then works."""
    seen = look(WORK)
    world.batons.extend([False])
    assert world.attend(seen, REFUSED, _ready()).ending == "ready"
    assert world.befores == [None, seen, None]
    assert world.told[-1][0].endswith("(port 1)") and world.told[-1][1] is None
    assert world.site.spool.waiting() == ()


def test_an_outage_that_is_over_is_told_by_the_run(world: World) -> None:
    """Before it begins."""
    _works(world, Ran(known=READY))
    world.attend(REFUSED, look(WORK), look(WORK))
    (note,) = world.site.spool.waiting()
    assert (note.type, note.data["count"]) == ("outage", 1)
    world.site.spool.drop([note.id])


def test_an_outage_that_does_not_end_is_the_error(world: World) -> None:
    """Its only trace is the note; a check does not wait."""
    world.settings = {"wait_limit": 0.3}
    outcome = world.attend(REFUSED, REFUSED, REFUSED)
    assert outcome.error == REFUSED.rendered() and outcome.exit_code == REFUSED.exit_code
    (note,) = world.site.spool.waiting()
    assert note.data["count"] == 3
    world.site.spool.drop([note.id])
    assert world.attend(REFUSED, mode="check").error == REFUSED.rendered()
    assert world.site.spool.waiting() == ()


def test_what_does_not_pass_is_the_error_at_once(world: World) -> None:
    """Whatever was seen before."""
    world.batons.extend([False])
    outcome = world.attend(look(WORK), InitError("journal-newer", "x"))
    assert outcome.error is not None and outcome.error.reference == "journal-newer"


@pytest.mark.parametrize(("exists", "waits"), [(True, True), (False, False)])
def test_a_database_that_went_away_is_an_outage(world: World, exists: bool, waits: bool) -> None:
    """One that was never there is an error."""
    world.batons.extend([False])
    gone = InitError("authentication-failed", "x")
    outcome = world.attend(look(WORK, exists=exists), gone, *([_ready()] if waits else []))
    assert outcome.ending == ("ready" if waits else "failed")


def test_a_database_that_is_missing_is_made(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """By who may work, and before anything was seen of it."""
    missing = InitError("unknown-database", "x")
    monkeypatch.setattr(connect, "refused", lambda *_: missing)
    assert world.attend(ValueError(), _ready()).ending == "ready"
    assert (world.done, world.told) == (["prepared"], [(MOVED_SAID, None)])
    world.done.clear()
    assert world.attend(ValueError(), mode="wait").error == missing.rendered()
    world.batons.extend([False])
    assert world.attend(look(WORK), ValueError(), _ready()).ending == "ready"
    assert "prepared" not in world.done


def test_a_file_that_was_there_and_is_gone_is_not_made_anew(world: World) -> None:
    """Somebody may be about to put a backup in its place."""
    world.settings = {"wait_limit": 0.3}
    world.batons.extend([False])
    seen = look(WORK)
    world.file.unlink()
    outcome = world.attend(seen)
    assert outcome.error is not None and outcome.error.reference == "unknown-database"
    for note in world.site.spool.waiting():
        world.site.spool.drop([note.id])


def test_a_journal_that_went_back_becomes_a_note(world: World) -> None:
    """From where, and to where."""
    world.site.newest = ("j", 9, HASH)
    world.attend(look(replace(READY, journal="j"), catalog="c", rewound=True))
    assert world.notes == [("history_rewound", {"was": 9, "is": 4})]
    assert world.site.newest == ("j", 4, HASH)
    world.site.newest = None
    world.attend(look(READY, catalog="c", rewound=True))
    assert len(world.notes) == 1


IN_DOUBT = Ran([entry("run_started", {})], WORK, raises=ConnectionLost())


@pytest.mark.parametrize("under", [False, True])
@pytest.mark.parametrize(
    ("arrived", "ending"),
    [
        (replace(READY, last_run=_ended("ready", "run-1")), "ready"),
        (replace(WORK, last_run=_ended("stopped", "run-1"), last_type="run_stopped"), "done"),
        (
            replace(
                WORK,
                last_run=_ended("failed", "run-1"),
                last_type="step_failed",
                last_data={"error": ERROR.as_data()},
            ),
            "failed",
        ),
    ],
)
def test_an_end_whose_commit_was_in_doubt(world: World, arrived: Knowledge, ending: str, under: bool) -> None:
    """It has arrived: nothing is begun again, though there would be work."""
    _works(world, IN_DOUBT)
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


def test_a_run_of_another_that_ended_is_not_ours(world: World) -> None:
    """Ours goes on."""
    _works(world, IN_DOUBT, Ran(known=READY))
    looks = [look(WORK), look(WORK), look(WORK), look(WORK)]
    assert world.attend(*looks).ending == "ready"


@pytest.mark.parametrize(
    ("seen", "order", "begins"),
    [
        (_ready(), Order(reason="repair"), True),
        (_ready(), Order(), False),
        (look(_failed(), catalog="c"), Order(reason="repair"), True),
        (look(_failed(), catalog="c"), Order(insist=True), False),
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
    """On a held database a command alone, on a newer one nothing."""
    if begins:
        _works(world, Ran(known=READY))
    world.attend(seen, *([seen] if begins else []), order=order)
    assert any(one[0] == "run" for one in world.done if isinstance(one, tuple)) == begins


def test_a_failure_is_overridden_by_its_number(world: World) -> None:
    """Both times that it is judged."""
    _works(world, Ran(known=READY))
    seen = look(_failed(), catalog="c")
    assert world.attend(seen, seen, order=Order(override=7)).ending == "ready"
    assert ("run", "work", "resume") in world.done
    assert world.attend(seen, order=Order(override=8)).ending == "failed"


def test_a_signal_ends_a_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its exit code."""

    def stopped(*_: object) -> None:
        raise Stopped(15)

    monkeypatch.setattr(attending.Stopper, "pause", stopped)
    assert world.attend(HeadMoved()) == Outcome("stopped", exit_code=143, signum=15)


def test_a_call_from_inside_its_own_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A boot leaves the work to that run; an order cannot be carried out."""
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


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (Knowledge(), "another process is at work"),
        (
            _known(last_type="run_stopped", last_data={"why": "SIGTERM"}, last_at="T"),
            "shop on web-1 (process 41) is at work on migrate; last: ended before ready: SIGTERM, at T",
        ),
        (
            _known(state="ready", last_type="run_stopped", last_data={"why": "x"}, last_at="T"),
            "shop on web-1 (process 41) is at work; last: ended before ready: x, at T",
        ),
    ],
)
def test_who_works(known: Knowledge, said: str) -> None:
    """On what, and what it last did."""
    assert attending._who(known) == said


def test_a_watcher_that_fails_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the application's."""

    def broken(self: World, waiting: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(World, "_waits", broken)
    assert world.attend(HeadMoved(), _ready()).ending == "ready"
