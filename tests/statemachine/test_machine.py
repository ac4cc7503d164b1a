"""The whole table: which state each event leads to, compared with rules that are written a second time."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from initdb.events.types import EVENTS, NOTES
from initdb.statemachine.loop.dispatch import step_of
from initdb.statemachine.machine import NoRow, machine, turn
from initdb.statemachine.table import TABLE, TRIGGERS, WORK, State, accepts, work_name
from tests.support.toy import Toy

FACTS: Mapping[str, tuple[Any, ...]] = {
    "pending": ((), ["r1"]),
    "seeds_pending": ((), ["s"]),
    "issues": ((), [{"text": "t"}]),
    "defects": ((), ["d"]),
    "conflict": ((), ["r0"]),
    "tables": ((), ["t"]),
    "rows": ((), ["r1"]),
    "managed": (False, True),
    "schema_from": ("models", "migrations"),
}


def _onward(data: Mapping[str, Any]) -> str:
    return "behind" if data["pending"] else "unseeded" if data["seeds_pending"] else "unproven"


def _inspected(data: Mapping[str, Any]) -> str:
    if data["conflict"]:
        return "defective"
    if not data["tables"] and not data["rows"] and data["schema_from"] == "models":
        return "empty"
    if data["tables"] and not data["managed"]:
        return "unmanaged"
    return _onward(data)


def oracle(state: str, event: str, data: Mapping[str, Any]) -> str | None:
    """The state that the event leads to, or None if there is no way: the table in other words."""
    if event in NOTES:
        return state
    if event in ("run_started", "run_resumed", "run_continued"):
        return "unknown"
    match event, state:
        case "database_inspected", "unknown":
            return _inspected(data)
        case ("schema_created", "empty") | ("schema_adopted", "unmanaged") | ("migration_applied", "behind"):
            return _onward(data)
        case "seed_batch_applied", "unseeded":
            return "unseeded" if data["seeds_pending"] else "unproven"
        case "health_validated", "unproven":
            return None if data["issues"] else "ready"
        case "defects_found", "unproven":
            return "defective" if data["issues"] else None
        case "repair_applied", "defective":
            return "defective" if data["defects"] else _onward(data)
        case "migration_reverted", "behind" | "unseeded" | "unproven" | "defective" | "ready":
            return "behind"
    return None


def _facts() -> Iterator[dict[str, Any]]:
    for values in product(*FACTS.values()):
        yield dict(zip(FACTS, values, strict=True))


def _all_or_nothing() -> Iterator[dict[str, Any]]:
    yield {name: values[0] for name, values in FACTS.items()}
    yield {name: values[-1] for name, values in FACTS.items()}


@pytest.mark.parametrize("event", [*EVENTS, *NOTES])
def test_every_event_in_every_state_with_every_fact(event: str) -> None:
    """The machine and the rules agree on all combinations."""
    for state in State:
        whole = TRIGGERS[event] not in ("begin", "note") and accepts(state, TRIGGERS[event])
        for data in _facts() if whole else _all_or_nothing():
            expected = oracle(state, event, data)
            if expected is None:
                with pytest.raises(NoRow):
                    turn(state, event, data)
                continue
            made = turn(state, event, data)
            assert (made.type, made.source, made.dest) == (event, state, expected), (state, event, data)
            assert made.trigger == TRIGGERS[event]


@pytest.mark.parametrize(
    ("state", "event", "data", "why"),
    [
        ("shining", "run_started", {}, "the table has no state shining"),
        ("empty", "health_validated", {}, "health_validated has no row in state empty"),
        (
            "unproven",
            "health_validated",
            {"issues": [1]},
            "no guard of health_validated holds in state unproven",
        ),
    ],
)
def test_why_there_is_no_row(state: str, event: str, data: Mapping[str, Any], why: str) -> None:
    """The audit of a journal shows this reason."""
    with pytest.raises(NoRow, match=f"^{why}$"):
        turn(state, event, data)


def test_missing_facts_are_no() -> None:
    """An event that does not say what is pending leads on, live and in a replay."""
    assert turn("behind", "migration_applied", {}).dest == "unproven"
    assert turn("unknown", "database_inspected", {}).dest == "empty"


def test_every_type_of_event_is_in_the_table() -> None:
    """The table has no other types. Every trigger has an event, and no two share one."""
    assert set(TRIGGERS) == {*EVENTS, *NOTES}
    triggers: dict[str, set[str]] = {}
    for row in TABLE:
        triggers.setdefault(row.event, set()).add(row.trigger)
    assert all(len(found) == 1 for found in triggers.values())


def test_the_machine_has_no_transitions_of_its_own() -> None:
    """The library would add one to each state, from every other."""
    assert machine().events.keys() == TRIGGERS.keys()


def test_no_word_is_shared() -> None:
    """A state says what is true, a trigger what was asked for, an event what happened."""
    states, triggers, events = set(map(str, State)), set(TRIGGERS.values()), set(TRIGGERS)
    assert not states & triggers and not states & events and not triggers & events


def test_every_state_has_one_piece_of_work_but_ready() -> None:
    """The table accepts its trigger in the state, and a step does it."""
    assert set(WORK) == set(State)
    for state, work in WORK.items():
        if state is State.ready:
            assert work is None
        else:
            assert work is not None and accepts(state, work.name)
            assert callable(step_of(state)) and step_of(state).__module__ == f"initdb.steps.{work.step}"
    with pytest.raises(KeyError):
        step_of(State.ready)


def test_a_piece_of_work_leaves_its_state() -> None:
    """Work may stay in its state while there is more of it, but it does not only do that."""
    for state in State:
        work = work_name(state)
        reached = {row.dest for row in TABLE if row.trigger == work and row.source == state}
        assert work is None or reached - {state}, state


def test_a_state_of_a_newer_version_has_no_work() -> None:
    """The state ready has none either."""
    assert work_name("shining") is None and work_name("ready") is None


def test_every_state_reaches_ready() -> None:
    """It does so by its own work alone."""
    good = {State.ready}
    while True:
        more = {
            state
            for state in State
            if any(
                row.trigger == work_name(state) and row.source == state and row.dest in good for row in TABLE
            )
        }
        if more <= good:
            break
        good |= more
    assert good == set(State)


@pytest.mark.parametrize("state", State)
def test_a_trigger_without_a_row_is_not_accepted(state: State) -> None:
    """`accepts` and `turn` agree."""
    for event, trigger in TRIGGERS.items():
        ways = [oracle(state, event, data) for data in _facts()]
        assert accepts(state, trigger) >= any(way is not None for way in ways)
        if not accepts(state, trigger):
            assert not any(ways)
            with pytest.raises(NoRow):
                turn(state, event, {})
    assert not accepts(state, "invented")


def test_a_run_begins_in_every_state() -> None:
    """It believes nothing, and inspects first."""
    assert {turn(state, "run_resumed", {}).dest for state in State} == {"unknown"}


def test_what_nobody_knows_has_no_row() -> None:
    """A state of a newer version has no row. An unknown event is a KeyError, since no code here can ask for
    it."""
    for event in TRIGGERS:
        with pytest.raises(NoRow):
            turn("compressed", event, {})
    with pytest.raises(KeyError):
        turn("ready", "database_compressed", {})


def test_an_error_in_the_data_leaves_no_trace() -> None:
    """Each turn has a model of its own, so the next turn is not affected."""

    class Moody:
        def __bool__(self) -> bool:
            raise RuntimeError("no")

    for _ in range(3):
        with pytest.raises(RuntimeError):
            turn("behind", "migration_applied", {"pending": Moody()})
        assert turn("behind", "migration_applied", {}).dest == "unproven"
    assert machine() is machine() and machine().models == []


def test_threads_share_the_machine() -> None:
    """There is one machine in a process, and one model for each turn."""
    wrong: list[Any] = []

    def walk(pending: int) -> None:
        for _ in range(300):
            dest = turn("behind", "migration_applied", {"pending": pending}).dest
            if dest != ("behind" if pending else "unproven"):
                wrong.append(dest)

    threads = [threading.Thread(target=walk, args=(number % 2,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_librarys_logger_is_the_applications(caplog: pytest.LogCaptureFixture) -> None:
    """Turns in four threads log nothing above DEBUG, and do not disable it."""
    logger = logging.getLogger("transitions.core")
    with caplog.at_level(logging.INFO, "transitions.core"):
        off: list[bool] = []

        def walk() -> None:
            for _ in range(200):
                turn("behind", "migration_applied", {"pending": ["r2"]})
                off.append(logger.disabled)

        threads = [threading.Thread(target=walk) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not any(off) and not logger.disabled
        logger.info("the application's own")
    assert [record.message for record in caplog.records] == ["the application's own"]


def test_a_ready_database_needs_no_machine(tmp_path: Path, database_url: str) -> None:
    """What only work needs is imported when there is work."""
    toy = Toy(tmp_path, database_url, options={"schema_from": None})
    assert toy.initializer().initialize().success
    said = """
import sys
from sqlalchemy import create_engine
from initdb import Initializer
result = Initializer(create_engine(sys.argv[1]), seeds=[]).initialize()
print(result.outcome, *{"alembic", "platformdirs", "psutil", "transitions"} & {*sys.modules})
"""
    answer = subprocess.run(
        (sys.executable, "-c", said, database_url), capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert answer.stdout.split() == ["ready"]
