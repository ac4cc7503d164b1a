"""A run at its limits: locks that are in the way, signals, orders, and what it passes on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine

from initdb import booting
from initdb.errors import InitError
from initdb.events import postgresql
from initdb.events.database import database_of
from initdb.events.head import HeadBusy, HeadMoved
from initdb.events.journal import Journal
from initdb.statemachine.loop import run as running
from initdb.statemachine.loop.holder import holders
from initdb.statemachine.loop.order import Order
from initdb.statemachine.loop.others import Others
from initdb.statemachine.loop.run import Run
from initdb.statemachine.loop.signals import Stopped, Stopper
from initdb.statemachine.loop.stay import place
from initdb.steps.context import Progress, StepContext
from tests.events.journals import make
from tests.statemachine.stages import Stage, does, either, raises, stage

__all__ = ["either", "stage"]

ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def other(either: Stage) -> Iterator[Connection]:
    """Another session."""
    engine = create_engine(either.url)
    with engine.connect() as connection:
        yield connection
        connection.rollback()
    engine.dispose()


def test_a_journal_is_made_by_one_process_at_a_time(either: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL it holds a lock for that. After a failure no transaction stays open."""
    seen: list[Any] = []

    def create(self: Journal, connection: Connection) -> None:
        seen.append((connection, holders(either.engine, self, "first")))
        raise InitError("disk-full")

    monkeypatch.setattr(Journal, "create", create)
    monkeypatch.setattr(Run, "go", _keeping(Run.go, seen))
    with pytest.raises(InitError, match="disk-full"):
        either.go()
    (_, found), still_open = seen
    assert len(found) == (either.engine.dialect.name == "postgresql")
    assert not still_open


def _keeping(go: Any, seen: list[Any]) -> Any:
    """Notes at the end whether a transaction is open on the first connection."""

    def kept(self: Run) -> Any:
        try:
            return go(self)
        finally:
            work = self._work
            seen.append(database_of(work).in_transaction(work))

    return kept


@ON_POSTGRESQL
def test_tables_that_another_process_makes_are_waited_for(
    either: Stage, other: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a first boot of 0.1.0, or of another application in this schema."""
    monkeypatch.setattr(postgresql, "LIMITS_WAITING", "set_config('lock_timeout', '20ms', true)")
    with pytest.raises(HeadBusy):
        either.go(before=lambda work: other.exec_driver_sql("CREATE TABLE init_journal (seq int)"))


@ON_POSTGRESQL
@pytest.mark.parametrize("owner", ["billing", "application"])
def test_a_journal_in_another_schema_that_is_made_meanwhile(
    either: Stage, other: Connection, owner: str
) -> None:
    """That of another application does not matter."""
    other.exec_driver_sql("CREATE SCHEMA audit")
    other.commit()
    either.settings = {"journal_schema": "audit"}

    def meanwhile(work: Connection) -> None:
        make(either.engine, "public", owner)

    if owner == "billing":
        assert either.go(before=meanwhile).failure is None
        assert either.types()[0] == "journal_created"
    else:
        with pytest.raises(InitError, match="journal-elsewhere"):
            either.go(before=meanwhile)


@ON_POSTGRESQL
def test_who_has_locked_the_head_is_told(
    either: Stage, other: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run waits for it up to the limit, and says for whom."""
    either.go()
    either.code, either.settings = {"models": "b"}, {"wait_limit": 2.0}
    other.exec_driver_sql("SELECT * FROM init_journal_head FOR UPDATE")
    pid = other.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    asked: list[Any] = []
    in_the_way = Others.in_the_way

    def asking(self: Others, seen: Any) -> str:
        asked.append(seen.head.seq)
        return in_the_way(self, seen)

    monkeypatch.setattr(Others, "in_the_way", asking)
    with pytest.raises(HeadBusy):
        either.go()
    assert f"init_journal_head is locked by process {pid}" in either.waits[0]
    assert set(asked) == {len(either.entries()) + 1}


@ON_POSTGRESQL
def test_who_has_locked_a_table_is_told_and_recorded(either: Stage, other: Connection) -> None:
    """A step that meets a lock is rolled back and tried again. In the end its failure names the process."""
    other.exec_driver_sql("CREATE TABLE t (id int)")
    other.commit()
    other.exec_driver_sql("LOCK TABLE t IN SHARE MODE")
    locked = f"t is locked by process {other.exec_driver_sql('SELECT pg_backend_pid()').scalar_one()}"
    left_open: list[bool] = []

    def step(ctx: StepContext) -> None:
        left_open.append(database_of(ctx.work).in_transaction(ctx.work))
        ctx.unit.begin(ctx.work)
        ctx.work.exec_driver_sql("SET LOCAL lock_timeout = '20ms'")
        ctx.work.exec_driver_sql("INSERT INTO t VALUES (1)")

    either.play(empty=step)
    failure = either.go().failure
    assert failure is not None and failure.reference == "lock-timeout"
    assert any(locked in line for line in failure.context)
    message = InitError("lock-timeout").rendered().message
    assert len(either.waits) == 4 and all(said.startswith(f"{message} {locked}") for said in either.waits)
    assert left_open == [False] * 5


def test_a_step_that_is_tried_again_begins_outside_a_transaction(stage: Stage) -> None:
    """What it left open is rolled back before the pause, so that others get their locks."""
    left_open: list[bool] = []

    def step(ctx: StepContext) -> None:
        left_open.append(database_of(ctx.work).in_transaction(ctx.work))
        ctx.unit.begin(ctx.work)
        raise InitError("deadlock")

    stage.play(empty=[step, step, does("schema_created")])
    assert stage.go().failure is None
    assert left_open == [False, False]


def test_a_lock_in_the_way_is_tried_again_on_a_server_only(either: Stage) -> None:
    """On SQLite the step has locked itself out. A revision was tried again by its own step."""
    either.play(empty=raises(InitError("lock-timeout")))
    assert either.go().failure is not None
    assert len(either.pauses) == (4 if either.engine.dialect.name == "postgresql" else 0)
    either.pauses.clear()
    either.code = {"models": "b"}
    either.play(empty=does("schema_created", pending=["r1"]), behind=raises(InitError("deadlock")))
    assert either.go().failure is not None
    assert either.pauses == []


@ON_POSTGRESQL
@pytest.mark.parametrize("changed", [False, True])
def test_a_catalogue_that_cannot_be_read_is_that_of_the_beginning(
    either: Stage, other: Connection, changed: bool
) -> None:
    """Another session has locked a table. If this run has changed the catalogue, its hash is not known."""
    other.exec_driver_sql("CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 1 CHECK (n > 0))")
    other.commit()
    either.go()
    if not changed:
        either.play(unknown=does("database_inspected", tables=["t"], managed=True, rows=[], heads=[]))
    either.code = {"models": "b"}
    either.go(before=lambda work: other.exec_driver_sql("LOCK TABLE t"))
    other.rollback()
    first, second = [entry.data for entry in either.entries() if entry.type == "health_validated"]
    assert second.get("catalog") == (None if changed else first["catalog"])


def test_an_error_of_the_catalogue_is_a_failure(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a lock leaves the hash of the beginning."""

    def broken(ctx: StepContext) -> str:
        ctx.work.exec_driver_sql("SELECT nothing FROM nowhere")
        raise AssertionError

    stage.go()
    stage.code = {"models": "b"}
    monkeypatch.setattr("initdb.statemachine.loop.run.fingerprint_of", broken)
    stage.play(unproven=[does("health_validated", checks={})])
    with pytest.raises(Exception, match="nowhere"):
        stage.go()


def test_a_signal_before_the_run_begins(stage: Stage) -> None:
    """Nothing is written."""
    stage.stopper.signum = 15
    with pytest.raises(Stopped):
        stage.go()
    assert stage.types() == []


def test_a_stop_does_not_wait_for_the_head(either: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process will soon be killed, so its last event is tried once."""
    tried: list[bool] = []

    def stopped(ctx: StepContext) -> None:
        def busy(self: Journal, *_: object) -> None:
            tried.append(True)
            raise HeadBusy

        monkeypatch.setattr(Journal, "lock_head", busy)
        either.stopper.signum = 15
        raise Stopped(15)

    def pause(stopper: Stopper, seconds: float) -> None:
        pytest.fail("waited")

    monkeypatch.setattr(Stopper, "pause", pause)
    either.play(empty=stopped)
    assert either.go().stopped == 15
    assert tried == [True]


def test_an_exit_says_what_it_was(stage: Stage) -> None:
    """The failure has the exception and its code."""
    stage.play(empty=raises(SystemExit(3)))
    failure = stage.go().failure
    assert failure is not None and any("SystemExit: 3" in line for line in failure.context)


def test_a_child_process_is_told_which_run_is_above_it(stage: Stage) -> None:
    """Its environment names the run at this place."""
    above: list[str] = []

    def step(ctx: StepContext) -> None:
        above.append(os.environ[booting._RUNS])
        does("schema_created")(ctx)

    stage.play(empty=step)
    report = stage.go()
    assert above == [f"{place(stage.site)}:{report.run}"]


def test_a_watcher_that_fails_is_not_the_steps_fault(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it raises is dropped."""

    class Broken(list[Progress]):
        def append(self, one: Progress) -> None:
            raise RuntimeError

    def step(ctx: StepContext) -> None:
        ctx.report(Progress("create_schema", "t"))
        does("schema_created")(ctx)

    stage.progress = Broken()
    stage.play(empty=step)
    assert stage.go().failure is None


def test_a_doubt_that_a_repetition_settles_stops_no_run(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step of the revision runs it again. An order is carried out in any case."""
    asked: list[bool] = []
    monkeypatch.setattr(running, "check_doubt", lambda ctx, *, repeats=False: asked.append(repeats))
    stage.go()
    assert asked == [True]
    stage.go(Order(command=lambda ctx: []))
    assert asked == [True]


def test_an_order_without_a_reason_ends_its_run(stage: Stage) -> None:
    """The reason is then empty."""
    stage.go(Order(command=lambda ctx: []))
    assert stage.last("run_stopped").data == {"why": ""}


def test_a_defect_of_an_older_version_is_a_text(stage: Stage) -> None:
    """It is named as it is."""
    odd = does("defects_found", checks={}, issues=["t is missing"])
    stage.play(unproven=odd, defective=does("repair_applied"))
    failure = stage.go().failure
    assert failure is not None and failure.context == ("t is missing",)


def test_a_head_that_moves_is_no_failure(stage: Stage) -> None:
    """Another process wrote."""
    stage.play(empty=raises(HeadMoved()))
    with pytest.raises(HeadMoved):
        stage.go()
    assert "step_failed" not in stage.types()
