"""The Initializer: what it hands on to a run, and what it makes of what comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BLOB, JSON, Column, MetaData, Table, create_engine

from initdb import booting
from initdb.errors import InitError
from initdb.events.clock import Clock
from initdb.events.knowledge import Failure, Judgement, Knowledge, RunRecord
from initdb.settings import Settings, load_settings
from initdb.statemachine import initializer as initializers
from initdb.statemachine.decide.verdict import Look, Verdict
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.loop.attend import Outcome
from initdb.statemachine.loop.order import Order
from initdb.statemachine.site import Site, Watcher
from initdb.steps.context import Rule
from initdb.steps.survey.models_digest import models_digest
from tests.support.toy import Toy

LATER = Outcome("ready", Verdict("ready", warnings=("w",)))


class Attended:
    """In the place of attending: what it was asked for, and what came of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.patience: float | None = None
        self.gives: Callable[[], Outcome] = lambda: LATER

    def __call__(
        self,
        site: Site,
        order: Order | None = None,
        mode: str = "work",
        wait: bool = True,
        *,
        host: bool = False,
        patience: float | None = None,
    ) -> Outcome:
        self.patience = patience
        self.asked.append((site, order, mode, wait, host))
        return self.gives()


@pytest.fixture
def attended(monkeypatch: pytest.MonkeyPatch) -> Attended:
    """Nothing is attended."""
    made = Attended()
    monkeypatch.setattr(initializers, "attend", made)
    return made


def _initializer(mode: str = "work") -> Initializer:
    settings = load_settings(environ={}, options={"mode": mode, "schema_from": "identity"})
    return Initializer(create_engine("sqlite://"), settings=settings)


def test_what_it_is_made_of(tmp_path: Path) -> None:
    """Each part, in its place."""
    metadata = MetaData()
    Table("t", metadata, Column("id", JSON().with_variant(BLOB(), "sqlite"), primary_key=True))
    engine, companion, clock, watcher = (
        create_engine("sqlite://"),
        create_engine("sqlite://"),
        Clock(),
        Watcher(),
    )
    rule, base = Rule("sound", lambda connection: []), MetaData()
    (tmp_path / "10_t.csv").write_text("id\n1\n")
    (tmp_path / "20_t.csv").write_text("id\n2\n")
    settings = load_settings(environ={}, options={"application": "shop"})
    made = Initializer(
        engine,
        metadata=metadata,
        seeds=tmp_path,
        base=base,
        rules=(rule,),
        name="folder",
        settings=settings,
        watcher=watcher,
        clock=clock,
        companions=[companion],
        owns=lambda source: source.name == "10_t.csv",
    )
    site = made.site
    assert (made.engine, site.engine, made.settings, site.settings) == (engine, engine, settings, settings)
    assert (site.clock, site.watcher) == (clock, watcher)
    application = site.application
    assert (application.metadata, application.rules, application.name) == (metadata, (rule,), "folder")
    assert [source.name for source in application.seeds] == ["10_t.csv"]
    assert application.companions == (companion,) and application.base is base
    assert {"models", "seeds"} <= site.code.keys()
    assert site.code["models"] == models_digest(metadata, engine.dialect)


def test_what_it_has_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of the folder, its own engine, the machine's clock, nobody who watches."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "initdb.toml").write_text(
        f'database_url = "sqlite:///{tmp_path / "x.db"}"\nmode = "check"\nschema_from = "identity"\n'
    )
    made = Initializer()
    assert made.settings.mode == "check"
    assert made.engine.url.database == str(tmp_path / "x.db")
    assert (made.site.clock, made.site.watcher) == (Clock(), Watcher())


def test_a_provider_and_migrations_are_handed_on(toy: Toy) -> None:
    """The graph is that of the directory."""

    def provider(given: Callable[[Any], None]) -> None:
        """Makes a Config."""

    made = Initializer(
        create_engine("sqlite://"),
        migrations=toy.migrations,
        provider=provider,
        settings=load_settings(environ={}),
    )
    assert made.site.application.provider is provider
    graph = made.site.application.graph
    assert graph is not None and graph.heads == ("r3",)


@pytest.fixture
def toy(tmp_path: Path, sqlite_url: str) -> Toy:
    """Three revisions."""
    return Toy(tmp_path, sqlite_url).with_revisions()


@pytest.mark.parametrize("mode", ["work", "wait", "check", "off"])
def test_initialize_works_whatever_the_mode_is(attended: Attended, mode: str) -> None:
    """And is timed."""
    made = _initializer(mode)
    result = made.initialize()
    assert attended.asked == [(made.site, None, "work", True, False)]
    assert (result.outcome, result.success, result.warnings) == ("ready", True, ["w"])
    assert 0 < result.duration < 60 and result.database_type == "sqlite"


@pytest.mark.parametrize("mode", ["work", "wait", "check"])
def test_a_boot_does_what_the_mode_says(attended: Attended, mode: str) -> None:
    """Without an order."""
    made = _initializer(mode)
    assert made.boot().outcome == "ready"
    assert attended.asked == [(made.site, None, mode, True, False)]


@pytest.mark.parametrize("quiet", [False, True])
def test_a_boot_that_is_to_do_nothing(attended: Attended, quiet: bool) -> None:
    """By its mode, or inside of a run or a command: that is a success."""
    made = _initializer("work" if quiet else "off")
    token = booting.quiet.set(quiet)
    try:
        result = made.boot()
    finally:
        booting.quiet.reset(token)
    assert attended.asked == []
    assert (result.success, result.outcome, result.exit_code) == (True, "done", 0)
    assert (result.steps_completed, result.errors, result.warnings, result.duration) == ([], [], [], 0.0)
    assert result.database_type == "sqlite"


def test_the_command_line_says_more(attended: Attended) -> None:
    """An order, whether to wait, and whose the signals are."""
    made, order = _initializer(), Order(reason="x")
    assert made.attend(order, mode="check", wait=False, host=True, patience=3.0) is LATER
    assert attended.patience == 3.0
    made.attend()
    assert attended.asked == [
        (made.site, order, "check", False, True),
        (made.site, None, "work", True, False),
    ]


def test_resume_overrides_what_stands(attended: Attended, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is when it is called."""
    failure = Failure(7, "seed", "t", {}, {})
    known = Knowledge(catalog="c", last_run=RunRecord("r", 1, "t"), judgements=(Judgement({}, failure),))
    monkeypatch.setattr(initializers, "look", lambda site, before=None: Look(known, {}, "c"))
    made = _initializer()
    assert made.resume(reason="the disk was full").outcome == "ready"
    order = Order(override=7, insist=True, asks=("resume",), why="the disk was full")
    assert attended.asked == [(made.site, order, "work", True, False)]


def test_repair_looks_again(attended: Attended) -> None:
    """Though nothing may be wrong."""
    made = _initializer()
    result = made.repair()
    assert attended.asked == [(made.site, Order(reason="repair", asks=("repair",)), "work", True, False)]
    assert result.success and 0 < result.duration < 60


def test_a_mistake_of_ours_is_a_failure(attended: Attended) -> None:
    """With a name; nothing is raised."""

    def mistaken() -> Outcome:
        raise ZeroDivisionError("a mistake")

    attended.gives = mistaken
    result = _initializer().initialize()
    assert (result.success, result.outcome, result.exit_code) == (False, "failed", 1)
    assert result.errors[0].startswith("error: internal-error")
    assert "ZeroDivisionError" in result.errors[0]
    assert "a mistake" not in result.errors[0]
    assert not _initializer().repair().success


def test_a_database_error_without_a_row_of_its_own_is_of_the_journal(attended: Attended) -> None:
    """No step has named it, so it failed while the journal was read."""

    def mistaken() -> Outcome:
        with create_engine("sqlite://").connect() as connection:
            connection.exec_driver_sql("SELECT nothing")
        raise AssertionError

    attended.gives = mistaken
    assert _initializer().initialize().errors[0].startswith("error: journal-unreadable")


def test_a_look_asks_env_py_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """And reads only what is newer than the last one."""
    done: list[object] = []
    before, seen = Look(Knowledge(), {}, None), Look(Knowledge(seq=4), {}, None)

    def look(site: Site, given: Look | None = None) -> Look:
        done.append(given)
        return seen

    monkeypatch.setattr(initializers, "look", look)
    monkeypatch.setattr(Site, "ask_env_py", lambda site: done.append("asked"))
    made = _initializer()
    assert made.look(before) is seen
    assert made.look() is seen
    assert done == ["asked", before, "asked", None]
    assert made.verdict() == Verdict("work", "first boot")


@pytest.mark.parametrize("ask", ["look", "verdict", "entries"])
def test_a_look_that_fails_has_a_name(ask: str, tmp_path: Path) -> None:
    """Of the database, or of its journal."""
    (tmp_path / "x.db").write_bytes(b"something else entirely" * 100)
    made = Initializer(
        create_engine(f"sqlite:///{tmp_path / 'x.db'}"), settings=Settings(schema_from="identity")
    )
    with pytest.raises(InitError):
        found = getattr(made, ask)()
        assert not isinstance(found, Iterator) or list(found)


def test_the_entries_of_a_journal(toy: Toy) -> None:
    """In order, after any; none where there is no journal; its snapshots are nobody's business."""
    made = toy.initializer()
    assert list(made.entries()) == []
    assert made.initialize().success
    entries = list(made.entries())
    assert [entry.type for entry in entries][::3] == ["journal_created", "schema_created"]
    assert "snapshot" not in {entry.type for entry in entries}
    assert list(made.entries(entries[1].seq)) == entries[2:]
