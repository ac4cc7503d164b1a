"""What a stay does during an outage, and afterwards."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import create_engine

from initdb.errors import InitError
from initdb.events.payloads.notes import HistoryRewound
from initdb.statemachine.loop import creating
from initdb.steps import connect
from initdb.steps.context import Application
from tests.statemachine.attendances import (
    HASH,
    READY,
    WORK,
    Ran,
    World,
    look,
    ready_look,
    works,
    world,
)

__all__ = ["world"]


REFUSED = InitError("connection-refused", "port 1")
"""Passes by itself."""


def test_a_database_that_is_not_there_is_waited_for(world: World) -> None:
    """Afterwards everything is looked at again, and the process that works writes the outage."""
    seen = look(WORK)
    world.batons.extend([False])
    assert world.attend(seen, REFUSED, ready_look()).ending == "ready"
    assert world.befores == [None, seen, None]
    assert world.told[-1][0].endswith("(port 1)") and world.told[-1][1] is None
    assert world.site.spool.waiting() == ()


def test_an_outage_that_is_over_is_told_by_the_run(world: World) -> None:
    """The note is written before the run begins."""
    works(world, Ran(known=READY))
    world.attend(REFUSED, look(WORK), look(WORK))
    (note,) = world.site.spool.waiting()
    assert (note.type, note.data["count"]) == ("outage", 1)
    world.site.spool.drop([note.id])


def test_an_outage_that_does_not_end_is_the_error(world: World) -> None:
    """Only the note in the spool remains. A check does not wait."""
    world.settings = {"wait_limit": 0.3}
    outcome = world.attend(REFUSED, REFUSED, REFUSED)
    assert outcome.error == REFUSED.rendered() and outcome.exit_code == REFUSED.exit_code
    (note,) = world.site.spool.waiting()
    assert note.data["count"] == 3
    world.site.spool.drop([note.id])
    assert world.attend(REFUSED, mode="check").error == REFUSED.rendered()
    assert world.site.spool.waiting() == ()


@pytest.mark.parametrize("reference", ["connection-refused", "host-not-found", "connection-failed"])
def test_an_address_without_an_answer_is_given_up_soon(world: World, reference: str) -> None:
    """If a person typed it. The error says so, and how to wait longer."""
    error = InitError(reference, "port 1")
    outcome = world.attend(error, error, error, patience=0.3)
    assert outcome.error is not None and outcome.error.reference == reference
    assert outcome.error.context[0] == "port 1" and "--wait-limit 300" in outcome.error.context[1]
    assert world.left[0] == pytest.approx(0.3)


def test_a_database_that_has_answered_is_waited_for_as_ever(world: World) -> None:
    """Also one that is only starting: its address is right."""
    starting = InitError("server-starting", "x")
    assert world.attend(starting, starting, ready_look(), patience=0.0).ending == "ready"
    world.batons.extend([False])
    assert world.attend(look(WORK), REFUSED, REFUSED, ready_look(), patience=0.0).ending == "ready"
    assert world.left[0] == 300.0


def test_what_does_not_pass_is_the_error_at_once(world: World) -> None:
    """It does not matter what was seen before."""
    world.batons.extend([False])
    outcome = world.attend(look(WORK), InitError("journal-newer", "x"))
    assert outcome.error is not None and outcome.error.reference == "journal-newer"


@pytest.mark.parametrize(("exists", "waits"), [(True, True), (False, False)])
def test_a_database_that_went_away_is_an_outage(world: World, exists: bool, waits: bool) -> None:
    """A database that never existed is an error."""
    world.batons.extend([False])
    gone = InitError("authentication-failed", "x")
    outcome = world.attend(look(WORK, exists=exists), gone, *([ready_look()] if waits else []))
    assert outcome.ending == ("ready" if waits else "failed")


def test_a_database_that_is_missing_is_made(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a process that may work does so, and only before it has seen the database."""
    missing = InitError("unknown-database", "x")
    monkeypatch.setattr(connect, "refused", lambda *_: missing)

    def create_missing(*_: object) -> bool:
        world.done.append("created")
        return True

    monkeypatch.setattr(creating, "create_missing", create_missing)
    assert world.attend(ValueError(), ready_look()).ending == "ready"
    assert (world.done, world.told) == (["created"], [])
    world.done.clear()
    assert world.attend(ValueError(), mode="wait").error == missing.rendered()
    world.batons.extend([False])
    assert world.attend(look(WORK), ValueError(), ready_look()).ending == "ready"
    assert "created" not in world.done


def test_the_other_databases_of_an_env_py_are_made_before_a_run(world: World) -> None:
    """Otherwise env.py would make SQLite files with other settings. What is missing is an error before it."""
    world.batons.extend([False])
    world.application = Application(companions=(create_engine(f"sqlite:///{world.file}.2"),))
    world.attend(look(WORK), ready_look())
    assert world.done[0] == "prepared" and world.announced == [f"creating the database {world.file}.2"]


def test_a_file_that_was_there_and_is_gone_is_not_made_anew(world: World) -> None:
    """A person may be about to restore a backup."""
    world.settings = {"wait_limit": 0.3}
    world.batons.extend([False])
    seen = look(WORK)
    world.file.unlink()
    outcome = world.attend(seen)
    assert outcome.error is not None and outcome.error.reference == "unknown-database"
    for note in world.site.spool.waiting():
        world.site.spool.drop([note.id])


def test_a_journal_that_went_back_becomes_a_note(world: World) -> None:
    """The note says from which entry to which."""
    world.site.newest = ("j", 9, HASH)
    world.attend(look(replace(READY, journal="j"), catalog="c", rewound=True))
    assert world.notes == [HistoryRewound(was=9, is_=4)]
    assert world.site.newest == ("j", 4, HASH)
    world.site.newest = None
    world.attend(look(READY, catalog="c", rewound=True))
    assert len(world.notes) == 1
