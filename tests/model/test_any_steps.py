"""With steps that do anything, the loop ends ready or with a named failure, and the journal is sound."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, MetaData, NullPool, create_engine

from initdb.errors import InitError
from initdb.events.find import find
from initdb.events.head import BatonLost, CommitInDoubt, ConnectionLost, HeadBusy, HeadMoved, NoJournal
from initdb.events.payloads import payload_of
from initdb.events.sessions import session
from initdb.settings import Settings
from initdb.statemachine.decide import verdict
from initdb.statemachine.decide.audit import audit
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.loop import run
from initdb.statemachine.loop.outcome import Outcome
from initdb.statemachine.loop.signals import Stopper
from initdb.statemachine.machine import turn
from initdb.statemachine.table import TRIGGERS, State, work_name
from initdb.steps.context import StepContext

WRONG: dict[str, Callable[[], BaseException]] = {
    "lasting": lambda: InitError("revision-failed", "r1"),
    "passing": lambda: InitError("deadlock", "r1"),
    "ours": lambda: RuntimeError("a mistake"),
    "theirs": lambda: ValueError("theirs"),
    "moved": HeadMoved,
    "busy": HeadBusy,
    "no journal": NoJournal,
    "lost": ConnectionLost,
    "doubt": CommitInDoubt,
    "baton": BatonLost,
}
SIGNALS = {"moved", "busy", "no journal", "lost", "doubt", "baton"}

EVENT_OF = {
    str(state): [event for event, trigger in TRIGGERS.items() if trigger == work_name(state)]
    for state in State
}
"""State → the events of its work."""


@dataclass(frozen=True)
class Act:
    """What one step does: which of the events of its state, with what left to do; what goes wrong, and
    whether before the event, in its transaction, or after it."""

    event: int
    left: int
    wrong: str | None = None
    when: str = "before"


ACTS = st.builds(
    Act,
    event=st.integers(0, 1),
    left=st.integers(0, 2),
    wrong=st.none() | st.sampled_from(["nothing", *WRONG]),
    when=st.sampled_from(["before", "inside", "after"]),
)
GOOD = Act(0, 0)


@dataclass
class Script:
    """The acts of the steps, in their order; when they are used up, every step does its work."""

    acts: list[Act]
    done: list[str] = field(default_factory=list)

    def step(self, state: str) -> Callable[[StepContext], None]:
        """A step of `state` that does what the script says."""

        def perform(ctx: StepContext) -> None:
            act = self.acts.pop(0) if self.acts else GOOD
            self.done.append(state)
            if act.wrong == "nothing":
                return
            if act.wrong and act.when == "before":
                raise WRONG[act.wrong]()
            events = EVENT_OF[state]
            event = events[act.event % len(events)] if act is not GOOD else events[-1]
            with ctx.unit.open(ctx.work):
                ctx.work.exec_driver_sql("CREATE TABLE IF NOT EXISTS effects (state TEXT)")
                ctx.work.exec_driver_sql(f"INSERT INTO effects VALUES ('{event}')")
                if act.wrong and act.when == "inside":
                    raise WRONG[act.wrong]()
                told = payload_of(event, self.data(event, act))
                assert told is not None
                ctx.unit.commit(ctx.work, told)
            if act.wrong and act.when == "after":
                raise WRONG[act.wrong]()

        return perform

    def data(self, event: str, act: Act) -> dict[str, Any]:
        """What the event says: the guards read it."""
        left = min(act.left, len(self.acts))
        names = [f"n{number}" for number in range(left)]
        facts: dict[str, Any] = {"pending": names, "seeds_pending": names[1:], "defects": names[1:]}
        if event == "database_inspected":
            facts |= {
                "tables": ["t"] if left else [],
                "managed": act.event,
                "rows": [],
                "conflict": names[1:],
            }
        if event == "defects_found":
            facts["issues"] = [{"text": f"issue {len(self.done)}"}]
        return facts


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses are not what this is about."""
    monkeypatch.setattr(Stopper, "pause", lambda self, seconds: self.check())
    monkeypatch.setattr(verdict, "BACKOFF_FIRST", 0.001)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """In memory, where there is such a folder."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
        yield Path(made)


@given(acts=st.lists(ACTS, max_size=7))
@settings(
    max_examples=90,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_loop_ends(folder: Path, monkeypatch: pytest.MonkeyPatch, acts: list[Act]) -> None:
    """Whatever a step says, raises or leaves undone: each event commits with its work or neither does, a
    failure is told once, and the next boot, with steps that work, ends in ready or repeats the failure."""
    place = folder / uuid.uuid4().hex
    place.mkdir()
    script = Script(list(acts))
    monkeypatch.setattr(run, "step_of", lambda state: script.step(str(state)))
    url = f"sqlite:///{place / 'any.db'}"

    first = _boot(url)
    assert first.ending in ("ready", "failed"), first
    assert len(script.done) <= 60, script.done
    _sound(url)
    script.acts.clear()
    before = _entries(url)
    again = _boot(url)
    if first.ending == "ready" or (first.error is not None and not first.error.passing):
        assert again.ending == first.ending and _entries(url) == before
        if first.error is not None:
            assert again.error is not None and again.error.as_data() == first.error.as_data()
    _sound(url)
    shutil.rmtree(place)


def _boot(url: str) -> Outcome:
    made = Initializer(
        create_engine(url, poolclass=NullPool),
        metadata=MetaData(),
        settings=Settings(database_url=url, attempts=5, wait_limit=30),
    )
    return made.attend()


def _entries(url: str) -> int:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM init_journal").scalar_one())


def _sound(url: str) -> None:
    """Chain and replay agree, and each effect is there as often as the journal says."""
    engine = create_engine(url, poolclass=NullPool)
    with session(engine) as connection:
        connection.exec_driver_sql("CREATE TEMP TABLE IF NOT EXISTS effects (state TEXT)")
        assert audit(connection, find(connection, "application", None)[0]).findings == ()
        types = connection.exec_driver_sql("SELECT type FROM init_journal").scalars().all()
        effects = connection.exec_driver_sql(f"SELECT state FROM {_effects(connection)}").scalars().all()
    work = {event for events in EVENT_OF.values() for event in events}
    assert Counter(effects) == Counter(one for one in types if one in work)


def _effects(connection: Connection) -> str:
    """The table of effects, or an empty one where no step has made it."""
    made = connection.exec_driver_sql("SELECT 1 FROM main.sqlite_schema WHERE name = 'effects'").first()
    return "main.effects" if made else "temp.effects"


def test_defects_that_never_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each repair brings up something else: it is given up, and said what is still wrong."""
    place = folder / uuid.uuid4().hex
    place.mkdir()
    script = Script([Act(0, 0)])
    steps = {state: script.step(str(state)) for state in State if state != "ready"}
    found = Script([Act(0, 0)] * 1000)
    steps[State.unproven] = found.step("unproven")
    monkeypatch.setattr(run, "step_of", steps.__getitem__)
    outcome = _boot(f"sqlite:///{place / 'any.db'}")
    assert outcome.error is not None and outcome.error.reference == "repair-impossible"
    assert outcome.error.context == ("issue 11",)
    _sound(f"sqlite:///{place / 'any.db'}")


def test_the_script_knows_every_state() -> None:
    """Each state with work has its events, and each of them leads somewhere."""
    for state in State:
        for event in EVENT_OF[str(state)]:
            assert turn(state, event, {"issues": ["i"] if event == "defects_found" else []}).dest
