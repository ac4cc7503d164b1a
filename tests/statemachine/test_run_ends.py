"""What a run does with failures, signals and orders, and how it ends."""

from __future__ import annotations

import signal
from dataclasses import replace
from typing import Any

import pytest

from initdb.errors import InitError
from initdb.errors.stored import to_store
from initdb.events.head import ConnectionLost
from initdb.events.journal import Journal
from initdb.statemachine.loop.order import Order
from initdb.statemachine.loop.run import REPAIRS
from initdb.statemachine.loop.signals import Stopped
from initdb.steps.context import StepContext
from tests.statemachine.stages import Stage, does, either, raises, stage
from tests.support.said import said

__all__ = ["either", "stage"]


def test_a_step_that_fails(stage: Stage) -> None:
    """Event and report have the work, the state and the error. The event has what was judged."""
    stage.play(empty=raises(InitError("disk-full", "no room", database="sqlite")))
    report = stage.go()
    assert report.failure is not None
    assert (report.failure.reference, report.failure.context, report.exit_code) == (
        "disk-full",
        ("no room",),
        1,
    )
    failed = stage.last("step_failed")
    assert (failed.data["step"], failed.data["state"]) == ("create_schema", "empty")
    assert failed.data["error"] == to_store(report.failure)
    assert not failed.data.get("asked")
    assert failed.data["code"] == {"models": "a"} and failed.data["catalog"]
    assert report.entries[-1].type == "step_failed"


def test_a_failure_of_the_beginning_has_the_work_of_its_state(stage: Stage) -> None:
    """Any exception becomes an error of the catalogue."""
    stage.play(unknown=raises(ZeroDivisionError("a mistake")))
    report = stage.go()
    assert stage.last("step_failed").data["step"] == "inspect"
    assert report.failure is not None and report.exit_code == 1


def test_an_exit_of_a_step_is_its_failure(stage: Stage) -> None:
    """It does not end the application."""
    stage.play(empty=raises(SystemExit(3)))
    assert stage.go().failure is not None
    assert stage.types()[-1] == "step_failed"


def test_a_step_that_does_nothing_is_a_mistake_of_ours(stage: Stage) -> None:
    """Otherwise the run would never end."""
    stage.play(empty=lambda ctx: None)
    failure = stage.go().failure
    assert failure is not None
    assert (failure.reference, failure.context) == (
        "internal-error",
        ("the step of state empty did nothing",),
    )


def test_a_step_goes_on_as_long_as_there_is_more(stage: Stage) -> None:
    """It is called again in its state."""
    stage.play(
        empty=does("schema_created", pending=["r1", "r2"]),
        behind=[
            does("migration_applied", revision="r1", pending=1),
            does("migration_applied", revision="r2", pending=0),
        ],
    )
    assert stage.go().failure is None
    assert stage.types().count("migration_applied") == 2


def test_a_conflict_is_tried_again(stage: Stage) -> None:
    """The step's work is rolled back, the watcher is told which session is in the way, and after a pause the
    step is done again."""

    def begun(ctx: StepContext) -> None:
        ctx.unit.begin(ctx.work)
        ctx.work.exec_driver_sql("CREATE TABLE half (n INTEGER)")
        raise InitError("deadlock", "with session 7")

    stage.play(empty=[begun, raises(InitError("serialization-failure")), does("schema_created")])
    assert stage.go().failure is None
    assert stage.pauses == [0.5, 1.0]
    assert stage.waits[0] == InitError("deadlock").rendered().message
    with stage.engine.connect() as connection:
        assert not stage.engine.dialect.has_table(connection, "half")


def test_a_conflict_after_a_signal_is_the_stop(stage: Stage) -> None:
    """There is no retry."""

    def signalled(ctx: StepContext) -> None:
        stage.stopper.signum = 15
        raise InitError("deadlock")

    stage.play(empty=signalled)
    report = stage.go()
    assert (report.stopped, report.failure, stage.pauses) == (15, None, [])


def test_a_connection_that_is_refused_is_an_outage(stage: Stage) -> None:
    """All attempts are one note, which enters with the next transaction."""
    refused = raises(InitError("too-many-connections", "none is free"))
    stage.play(empty=[refused, refused, does("schema_created")])
    assert stage.go().failure is None
    assert all(why.endswith("(none is free)") for why in stage.waits) and len(stage.waits) == 2
    stage.code = {"models": "b"}
    stage.go()
    assert stage.last("outage").data["count"] == 2


@pytest.mark.parametrize(
    ("error", "why", "signum"),
    [
        (Stopped(15), "SIGTERM", 15),
        (ValueError("cancelled"), "SIGTERM", 15),
        (Stopped(2), "SIGINT", 2),
    ],
)
def test_a_stop(stage: Stage, error: Exception, why: str, signum: int) -> None:
    """It is the last event, with the signal and the work."""

    def stopped(ctx: StepContext) -> None:
        stage.stopper.signum = signum
        raise error

    stage.play(empty=stopped)
    report = stage.go()
    assert (report.stopped, report.failure) == (signum, None)
    assert stage.last("run_stopped").data == {"why": why, "during": "create_schema"}
    assert stage.stopper._driver is None


@pytest.mark.parametrize("signum", [None, 2])
def test_ctrl_c_leaves_the_run(stage: Stage, signum: int | None) -> None:
    """The event is written first. The application's own handler raised the exception."""

    def interrupted(ctx: StepContext) -> None:
        stage.stopper.signum = signum
        raise KeyboardInterrupt

    stage.play(empty=interrupted)
    with pytest.raises(KeyboardInterrupt):
        stage.go()
    assert stage.last("run_stopped").data == {
        "why": "SIGINT" if signum else "KeyboardInterrupt",
        "during": "create_schema",
    }


@pytest.mark.parametrize("how", ["itself", "cause", "context"])
def test_an_exit_after_a_signal_leaves_the_run(stage: Stage, how: str) -> None:
    """It does so even if a step turned the handler's exception into a failure."""

    def left(ctx: StepContext) -> None:
        stage.stopper.signum = signal.SIGTERM
        try:
            raise SystemExit(7)
        except SystemExit as error:
            if how == "itself":
                raise
            if how == "cause":
                raise ValueError from error
            raise ValueError  # noqa: B904 - the error that is handled is what is looked for

    stage.play(empty=left)
    with pytest.raises(SystemExit) as exit_:
        stage.go()
    assert exit_.value.code == 7
    assert stage.last("run_stopped").data["why"] == "SIGTERM"


def test_a_stop_that_cannot_be_written_is_a_stop_all_the_same(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process is to end."""

    def stopped(ctx: StepContext) -> None:
        stage.stopper.signum = 15
        monkeypatch.setattr(Journal, "append", lambda *_: 1 / 0)
        raise Stopped(15)

    stage.play(empty=stopped)
    report = stage.go()
    assert report.stopped == 15
    monkeypatch.undo()


@pytest.mark.parametrize(
    "error", [ConnectionLost(), ConnectionResetError(), InitError("connection-lost", "by env.py")]
)
def test_a_connection_that_is_lost_is_looked_at_again(either: Stage, error: Exception) -> None:
    """There is no event, since nothing has failed. SQLite has no connection to lose."""
    either.play(empty=raises(error))
    if either.engine.dialect.name == "sqlite" and isinstance(error, InitError):
        assert either.go().failure is not None
    else:
        with pytest.raises(ConnectionLost):
            either.go()
        assert either.types()[-1] == "database_inspected"


def test_an_order_is_carried_out_and_ends_the_run(stage: Stage) -> None:
    """Its events and the end are one transaction."""
    states: list[str] = []

    def command(ctx: StepContext) -> Any:
        states.append(ctx.knowledge.state)
        return [said("hold_released", {"revisions": ["r1"]})]

    report = stage.go(Order(reason="release", trigger="note", command=command))
    assert stage.types()[-3:] == ["database_inspected", "hold_released", "run_stopped"]
    assert stage.last("run_stopped").data == {"why": "release"}
    assert (states, report.failure) == (["empty"], None)


def test_an_order_that_has_no_place_is_refused(stage: Stage) -> None:
    """The error names the state. The order has failed, not the code."""
    report = stage.go(Order(reason="rollback", trigger="roll_back", command=lambda ctx: []))
    assert report.failure is not None
    assert report.failure.reference == "rollback-refused"
    assert report.failure.context == ("the database is empty",)
    failed = stage.last("step_failed").data
    assert (failed["step"], failed["asked"]) == ("rollback", True)


def test_what_comes_first_is_done_first(stage: Stage) -> None:
    """It gets the state that the inspection found. If it fails, the order has failed."""
    done: list[tuple[str, str]] = []

    def first(ctx: StepContext, state: str) -> None:
        done.append((state, ctx.knowledge.state))

    assert stage.go(Order(reason="resume", firsts=(first, first))).failure is None
    assert done == [("empty", "empty")] * 2

    def failing(ctx: StepContext, state: str) -> None:
        raise InitError("no-such-revision", "r9")

    stage.code = {"models": "b"}
    report = stage.go(Order(reason="resume", firsts=(failing,)))
    assert report.exit_code == 2
    failed = stage.last("step_failed").data
    assert (failed["step"], failed["asked"]) == ("resume", True)


def test_a_failure_after_what_came_first_is_the_codes(stage: Stage) -> None:
    """The order was carried out."""
    stage.play(empty=raises(ValueError("no")))
    stage.go(Order(reason="resume", firsts=(lambda ctx, state: None,)))
    failed = stage.last("step_failed").data
    assert failed["step"] == "create_schema" and not failed.get("asked")


def _defects(*names: str) -> Any:
    return does("defects_found", checks={}, issues=[{"text": name} for name in names])


def test_defects_that_come_back_are_not_repaired_again(stage: Stage) -> None:
    """The error names them."""
    stage.play(unproven=_defects("a is missing", "b is odd"), defective=does("repair_applied"))
    failure = stage.go().failure
    assert failure is not None
    assert (failure.reference, failure.context) == ("repair-impossible", ("a is missing", "b is odd"))
    assert failure.database == stage.engine.dialect.name
    assert stage.types().count("repair_applied") == 1


def test_defects_that_never_end_are_given_up(stage: Stage) -> None:
    """This happens after ten repairs."""
    stage.play(unproven=[_defects(str(number)) for number in range(20)], defective=does("repair_applied"))
    failure = stage.go().failure
    assert failure is not None and failure.reference == "repair-impossible"
    assert stage.types().count("repair_applied") == REPAIRS == 10


def test_a_defect_without_a_text_is_named_as_it_is(stage: Stage) -> None:
    """The error has its data."""
    odd = does("defects_found", checks={}, issues=[{"name": "n"}])
    stage.play(unproven=odd, defective=does("repair_applied"))
    failure = stage.go().failure
    assert failure is not None and failure.context == ("{'name': 'n'}",)


def test_what_a_step_is_given(stage: Stage) -> None:
    """It gets its unit, the application's parts and the knowledge. Its progress reaches the watcher."""
    given: list[StepContext] = []

    def step(ctx: StepContext) -> None:
        from initdb.steps.context import Progress

        given.append(ctx)
        ctx.report(Progress("create_schema", "t"))
        ctx.waits("for a lock")
        ctx.sleep(2.5)
        does("schema_created")(ctx)

    stage.play(empty=step)
    stage.settings = {"lock_timeout": 1.5}
    stage.go()
    (ctx,) = given
    assert stage.run is not None
    assert ctx.unit is stage.run._writer and stage.run._writer.lock_timeout == 1.5
    assert (ctx.application, ctx.engine) == (stage.application, stage.engine)
    assert (ctx.settings.lock_timeout, ctx.knowledge.state) == (1.5, "empty")
    assert [one.subject for one in stage.progress] == ["t"]
    assert (stage.waits, stage.pauses) == (["for a lock"], [2.5])


def test_an_env_py_that_chooses_is_asked_in_the_run(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its error is the failure of the run."""
    stage.application = replace(stage.application, env_chooses=True)

    def chosen(application: object, engine: object) -> None:
        assert (application, engine) == (stage.application, stage.engine)
        raise InitError("env-py-failed", "x")

    monkeypatch.setattr("initdb.steps.alembic_driver.ask.chosen", chosen)
    failure = stage.go().failure
    assert failure is not None and failure.reference == "env-py-failed"
    assert stage.last("step_failed").data["step"] == "inspect"


def test_whoever_is_called_by_the_run_is_inside_it(stage: Stage) -> None:
    """It is no longer inside when the run is over."""
    from initdb import booting
    from initdb.statemachine.loop.stay import place

    inside: list[bool] = []

    def step(ctx: StepContext) -> None:
        inside.append(booting.called_by_own_run(place(stage.site), threads=False))
        does("schema_created")(ctx)

    stage.play(empty=step)
    stage.go()
    assert inside == [True]
    assert not booting.called_by_own_run(place(stage.site), threads=False)
