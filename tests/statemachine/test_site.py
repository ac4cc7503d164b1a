"""The site of a run, the process that writes there, and the step of each state."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from initdb.errors import InitError
from initdb.events.spool import Spool
from initdb.settings import Settings
from initdb.statemachine import site as sites
from initdb.statemachine.author import this_process
from initdb.statemachine.loop import dispatch
from initdb.statemachine.site import Site
from initdb.statemachine.table import WORK, State
from initdb.steps.context import Application


def _site(url: str = "sqlite:///x.db", name: str = "", **settings: Any) -> Site:
    return Site(create_engine(url), Application(name=name), Settings(**settings), {})


@pytest.mark.parametrize(
    ("given", "settings", "name", "owner"),
    [
        ("", {}, "application", "application"),
        ("folder", {}, "folder", "application"),
        ("folder", {"application": "shop"}, "shop", "shop"),
        ("folder", {"application": "shop", "database": "audit"}, "shop/audit", "shop"),
        ("", {"database": "audit"}, "application/audit", "application"),
    ],
)
def test_what_an_application_is_called(given: str, settings: dict[str, str], name: str, owner: str) -> None:
    """The name is for people. The owner of the journal is the setting alone."""
    site = _site(name=given, **settings)
    assert (site.name, site.owner) == (name, owner)


def test_who_writes() -> None:
    """It is the process, with the application's name."""
    assert _site(name="folder").by() == this_process("folder")


def test_where_notes_wait() -> None:
    """The place depends on the URL without its password, and on the setting."""
    url = "postgresql+psycopg2://app:secret@db/shop"
    assert _site(url).spool == Spool.beside("postgresql+psycopg2://app@db/shop")
    shop = Spool.beside("postgresql+psycopg2://app@db/shop", "shop")
    assert _site(url, application="shop").spool == shop != _site(url).spool


@pytest.mark.parametrize(
    ("chooses", "there", "memory", "asked"),
    [
        (True, True, False, True),
        (True, False, False, True),
        (True, False, True, True),
        (False, True, False, False),
    ],
)
def test_when_env_py_is_asked(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    chooses: bool,
    there: bool,
    memory: bool,
    asked: bool,
) -> None:
    """It is asked if it chooses the folders, and may only read. A file that does not exist is not made."""
    site = _site("sqlite://" if memory else f"sqlite:///{tmp_path / 'x.db'}")
    site.application = replace(site.application, env_chooses=chooses)
    if there:
        (tmp_path / "x.db").touch()
    learnt = replace(site.application, name="learnt")

    def chosen(application: Application, engine: object) -> Application:
        assert (application.env_chooses, engine) == (True, site.engine)
        with site.engine.connect() as connection, pytest.raises(OperationalError, match="readonly"):
            connection.exec_driver_sql("CREATE TABLE made (id INTEGER)")
        return learnt

    monkeypatch.setattr(import_module("initdb.steps.alembic_driver.ask"), "chosen", chosen)
    site.ask_env_py()
    assert (site.application is learnt) == asked
    assert (tmp_path / "x.db").exists() == there


def test_an_env_py_that_fails_is_asked_again_by_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its error is the failure of the run."""
    site = _site("sqlite://")
    before = site.application = replace(site.application, env_chooses=True)

    def chosen(*_: object) -> None:
        raise InitError("env-py-failed", "x")

    monkeypatch.setattr(import_module("initdb.steps.alembic_driver.ask"), "chosen", chosen)
    site.ask_env_py()
    assert site.application is before


def test_what_a_watcher_raises_is_dropped() -> None:
    """The watcher is the application's."""
    said: list[object] = []

    def watch(what: object) -> None:
        said.append(what)
        raise RuntimeError

    sites.report_to(watch, 5)
    assert said == [5]


@pytest.mark.parametrize("state", [state for state in State if WORK[state] is not None])
def test_the_step_of_a_state(state: State) -> None:
    """It is the function `run` of its module."""
    work = WORK[state]
    assert work is not None
    assert dispatch.step_of(state) is import_module(f"initdb.steps.{work.step}").run


def test_ready_has_no_step() -> None:
    """It is a bug to ask for it."""
    with pytest.raises(KeyError, match="ready"):
        dispatch.step_of(State.ready)


@pytest.mark.parametrize(
    ("state", "doing"),
    [
        (State.unknown, "inspect"),
        (State.empty, "schema"),
        (State.unmanaged, "adopt"),
        (State.behind, "migrate"),
        (State.unseeded, "seed"),
        (State.unproven, "validate"),
        (State.defective, "repair"),
        (State.ready, "migrate"),
    ],
)
def test_a_failure_is_named_by_what_was_done(
    state: State, doing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is named too, without its password."""
    asked: dict[str, object] = {}
    named = InitError("disk-full")

    def classify(error: BaseException, **words: object) -> InitError:
        asked.update(words, error=error)
        return named

    monkeypatch.setattr(dispatch, "classify", classify)
    error = ValueError()
    engine = create_engine("postgresql+psycopg2://app:secret@db/shop")
    assert dispatch.named(error, state, engine) is named
    assert asked == {
        "error": error,
        "doing": doing,
        "database": "postgresql",
        "target": "postgresql+psycopg2://app@db/shop",
        "verify": None,
    }
