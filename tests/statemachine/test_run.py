"""The first events of a run: of the first one, of another one, and after one that was interrupted."""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from initdb import __version__
from initdb.errors import InitError
from initdb.errors.redact import url_text
from initdb.events.head import HeadMoved
from initdb.events.journal import Journal
from initdb.events.spool import Note
from initdb.statemachine.decide.verdict import Verdict
from initdb.statemachine.loop.order import Order
from initdb.statemachine.loop.stay import Stay
from initdb.steps.revisions.graph import RevisionGraph
from initdb.steps.revisions.revision_file import RevisionFile
from tests.statemachine.stages import NOW, Stage, does, either, raises, stage

__all__ = ["either", "stage"]


def _sessions(stage: Stage, found: Any) -> None:
    if stage.engine.dialect.name == "sqlite":
        assert found == {"baton": None, "work": None}
    else:
        assert found.keys() == {"baton", "work"} and all(isinstance(pid, int) for pid in found.values())
        assert found["baton"] != found["work"]


def test_a_first_boot(either: Stage) -> None:
    """The first entry says what the journal is. The run's entry says why it began, and with which code."""
    report = either.go(verdict=Verdict("work", "first boot", ("models", "seeds")))
    assert either.types() == [
        *("journal_created", "run_started", "database_inspected"),
        *("schema_created", "health_validated"),
    ]
    created, started = either.entries()[:2]
    database = either.engine.dialect.name
    assert created.data.pop("server").partition(".")[0].isdigit()
    assert created.data == {
        "journal": report.run,
        "application": "application",
        "schema": "main" if database == "sqlite" else "public",
        "database": database,
        "made_schema": False,
    }
    sessions = started.data.pop("sessions")
    _sessions(either, sessions)
    assert started.data == {
        "reason": "first boot",
        "changed": ["models", "seeds"],
        "code": {"models": "a"},
        "attempt": 1,
    }
    assert (report.failure, report.stopped) == (None, None)


def test_who_writes_and_when(stage: Stage) -> None:
    """Every entry has it. The run's identifier has the time, and the watcher gets each entry."""
    report = stage.go()
    entries = stage.entries()
    assert [entry.type for entry in report.entries] == [entry.type for entry in entries]
    assert stage.heard == report.entries
    assert {entry.run for entry in entries} == {report.run}
    assert uuid.UUID(report.run).int >> 80 == int(NOW.timestamp() * 1000)
    by = {"host": socket.gethostname(), "pid": os.getpid(), "app": "application", "initdb": __version__}
    assert all(by.items() <= entry.by.items() for entry in entries)
    assert {entry.at for entry in entries} == {"2026-11-23T08:06:41.218903Z"}
    assert stage.run is not None and stage.run.knowledge.state == "ready"


def test_of_several_databases_it_says_which(stage: Stage) -> None:
    """The setting names it."""
    stage.settings = {"database": "audit"}
    stage.go()
    assert stage.last("run_started").data["database"] == "audit"


def test_what_is_judged_carries_code_catalogue_and_time(stage: Stage) -> None:
    """The time is the database's. If the step names a catalogue, it is that one."""
    stage.go()
    judged = stage.last("health_validated").data
    assert judged["code"] == {"models": "a"} and len(judged["catalog"]) > 20
    assert judged["clock"] > 1e9
    stage.play(unproven=does("health_validated", checks={}, catalog="named"))
    stage.code = {"models": "b"}
    stage.go()
    assert stage.last("health_validated").data["catalog"] == "named"
    assert stage.last("health_validated").data["code"] == {"models": "b"}


def test_the_same_code_again_is_another_try(stage: Stage) -> None:
    """Other code begins with the first attempt."""
    stage.play(unknown=raises(ValueError("no")))
    for expected in (1, 2, 3):
        assert stage.go().failure is not None
        assert stage.last("run_started").data["attempt"] == expected
    stage.code = {"models": "b"}
    stage.go()
    assert stage.last("run_started").data["attempt"] == 1


def _interrupt(stage: Stage) -> str:
    stage.play(empty=raises(HeadMoved()))
    with pytest.raises(HeadMoved):
        stage.go()
    stage.play(empty=does("schema_created"))
    assert stage.run is not None
    return stage.run.report.run


def test_a_run_that_was_cut_off_is_named_by_the_next(either: Stage) -> None:
    """The event says whose run it was, and how far it came."""
    interrupted = _interrupt(either)
    last = either.entries()[-1]
    either.go(verdict=Verdict("work", "interrupted", ("models",)))
    resumed = either.last("run_resumed").data
    assert resumed["interrupted"] == {
        "run": interrupted,
        "by": last.by,
        "state": "empty",
        "last": "database_inspected",
        "at": last.at,
    }
    assert (resumed["reason"], resumed["changed"], resumed["attempt"]) == ("interrupted", ["models"], 2)
    _sessions(either, resumed["sessions"])
    assert either.types()[-1] == "health_validated"


def test_a_run_of_this_stay_goes_on(either: Stage) -> None:
    """It is the same run. The event says why it looked again, and how often."""
    interrupted = _interrupt(either)
    stay = Stay(60.0, runs=[interrupted], fruitless=2, why="the connection was lost")
    report = either.go(stay=stay)
    continued = either.last("run_continued")
    assert report.run == continued.run == interrupted
    sessions = continued.data.pop("sessions")
    assert continued.data == {"reason": "the connection was lost", "lost": 2}
    _sessions(either, sessions)
    assert "run_resumed" not in either.types()


@pytest.mark.parametrize(
    ("order", "override"),
    [
        (Order(override=7), {"overrides": 7, "retry": []}),
        (Order(retry=("r1", "r2")), {"retry": ["r1", "r2"]}),
        (Order(reseed=("a",)), {"retry": [], "reseed": ["a"]}),
        (Order(insist=True), None),
        (Order(reason="repair"), None),
    ],
)
def test_what_a_person_overrules(stage: Stage, order: Order, override: dict[str, Any] | None) -> None:
    """It is an event of its own. If there is nothing to override, there is no event."""
    stage.go(order)
    found = [entry.data for entry in stage.entries() if entry.type == "override"]
    assert found == ([] if override is None else [override])
    assert stage.last("run_started").data["reason"] == (order.reason or "first boot")


def test_to_insist_ends_a_crash_loop(stage: Stage) -> None:
    """After so many interrupted runs no run begins, unless a person orders it."""
    stage.settings = {"attempts": 2}
    _interrupt(stage)
    _interrupt(stage)
    failed = stage.go()
    assert failed.failure is not None
    assert (failed.failure.reference, failed.failure.database) == ("crash-loop", stage.engine.dialect.name)
    assert failed.failure.context == (
        "2 runs in a row of this code were killed or stopped, and got no further",
    )
    assert stage.go(Order(insist=True)).failure is None
    assert stage.last("override").data == {"retry": []}


def test_connections_that_break_again_and_again(stage: Stage) -> None:
    """They break for longer than the limit."""
    interrupted = _interrupt(stage)
    stay = Stay(60.0, runs=[interrupted], fruitless=3, why="lost", until=999.0)
    failed = stage.go(stay=stay).failure
    assert failed is not None
    assert (failed.reference, failed.database) == ("connection-keeps-breaking", stage.engine.dialect.name)
    assert failed.context == ("The connection was lost 3 times in a row, without getting further.",)


def test_notes_enter_with_the_first_event_and_leave_the_spool(stage: Stage) -> None:
    """Each note enters once."""
    spool = stage.site.spool
    spool.put(Note("n1", "outage", "t", {"count": 1}))
    stage.go()
    assert spool.waiting() == ()
    assert stage.types().count("outage") == 1
    interrupted = _interrupt(stage)
    spool.put(Note("n2", "outage", "t", {"count": 1}))
    stage.go(stay=Stay(60.0, runs=[interrupted]))
    assert spool.waiting() == () and stage.types().count("outage") == 2


def test_a_journal_that_another_made_meanwhile(either: Stage) -> None:
    """The run looks again. Nothing is made twice, and no transaction stays open."""
    other = either.with_settings()

    def meanwhile(work: Any) -> None:
        from tests.events.journals import make

        make(other.engine, application="application")

    with pytest.raises(HeadMoved):
        either.go(before=meanwhile)
    assert either.types() == ["journal_created"]


def test_a_journal_that_cannot_be_made(either: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error describes it, and the transaction is rolled back."""

    def create(self: Journal, connection: Any) -> None:
        connection.exec_driver_sql("CREATE TABLE mine (n INTEGER)")
        connection.exec_driver_sql("SELECT nothing FROM nowhere")

    monkeypatch.setattr(Journal, "create", create)
    with pytest.raises(InitError) as error:
        either.go()
    assert error.value.database == either.engine.dialect.name
    assert error.value.reference == "journal-unreadable"
    assert error.value.context[0] == url_text(either.engine.url)
    monkeypatch.undo()
    with either.engine.connect() as connection:
        assert not either.engine.dialect.has_table(connection, "mine")


@pytest.mark.parametrize(("row", "dropped"), [("r2", ["r2"]), ("r3", ["r2", "r3"]), ("r1", None), ("", None)])
def test_a_first_boot_after_a_revision_dropped_the_journal(
    either: Stage, row: str, dropped: list[str] | None
) -> None:
    """The first entry names each such revision that is applied. Others are still to come."""
    files = [
        RevisionFile(name, down, (), None, Path(f"{name}.py"), "d", drops_journal=drops)
        for name, down, drops in (("r1", (), False), ("r2", ("r1",), True), ("r3", ("r2",), True))
    ]
    either.application = replace(either.application, graph=RevisionGraph.of(files))
    with either.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        if row:
            connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{row}')")
    either.go()
    assert either.entries()[0].data.get("dropped_by") == dropped
