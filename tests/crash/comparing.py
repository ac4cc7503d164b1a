"""The comparison: what must hold after one resume, against a run that nobody interrupted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, inspect, text

from tests.crash import attempts, facts, sequences
from tests.crash.facts import Told
from tests.crash.scenario import Answer, Scenario
from tests.support.states import database_state

_JOURNAL = ("init_journal", "init_journal_head")
"""The tables whose rows are compared as facts."""

_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Picture:
    """A database: its schema, its rows, what its journal tells, where its sequences stand.

    `facts` are what two journals share. `gaps`: whether sequences may stand further on than uninterrupted.
    """

    state: Mapping[str, Any]
    told: Told
    facts: list[str]
    positions: Mapping[str, tuple[int, int]]
    gaps: bool


def take(engine: Engine, scenario: Scenario) -> Picture:
    """The picture of a database in which the scenario has come to its end."""
    state = scenario.settle(database_state(engine, without_columns=scenario.may_differ))
    state["rows"] = {name: rows for name, rows in state["rows"].items() if not name.endswith(_JOURNAL)}
    with engine.connect() as connection:
        told = facts.read(connection)
        for query in scenario.asks:
            state[query] = sorted(map(tuple, connection.execute(text(query))))
        positions = sequences.positions(connection)
    shared = facts.facts(told, scenario.besides, scenario.unsettled)
    return Picture(state, told, shared, positions, scenario.draws_numbers and engine.name == "postgresql")


def digest(engine: Engine, scenario: Scenario) -> str:
    """Names a state: equal for equal schema, rows and facts, whether or not there is a journal."""
    state = scenario.settle(database_state(engine, journal=False, without_columns=scenario.may_differ))
    told = story(engine)
    seen = (state, told.types, told.head.seq if told.head else 0)
    return hashlib.blake2b(repr(seen).encode(), digest_size=12).hexdigest()


def story(engine: Engine) -> Told:
    """What the journal tells; nothing where there is none."""
    with engine.connect() as connection:
        there = inspect(connection).has_table("init_journal")
        return facts.read(connection) if there else Told((), None)


def problems(expected: Picture, found: Picture) -> Iterator[str]:
    """Every way in which `found` is not what an uninterrupted run leaves."""
    yield from facts.findings(found.told)
    yield from facts.differences(expected.facts, found.facts)
    yield from attempts.looks(expected.told.events, found.told.events)
    yield from sequences.differences(expected.positions, found.positions, found.gaps)
    yield from _state_differences(expected.state, found.state)


def answer_problems(wanted: str, answer: Answer) -> Iterator[str]:
    """Whether a resume ended as it must."""
    if answer.outcome != wanted:
        yield f"unready: the resume ended as {answer.outcome}, not {wanted}: {' / '.join(answer.errors)}"
    elif answer.errors:
        yield f"unready: the resume ended as {wanted}, with errors: {' / '.join(answer.errors)}"


def _state_differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for part in sorted(expected.keys() | found.keys()):
        want, have = expected.get(part), found.get(part)
        if want == have:
            continue
        if isinstance(want, Mapping) and isinstance(have, Mapping):
            for name in sorted(want.keys() | have.keys(), key=str):
                yield from _rows(f"{part} of {name}", want.get(name) or [], have.get(name) or [])
        else:
            yield from _rows(part, want or [], have or [])


def _rows(where: str, want: Any, have: Any) -> Iterator[str]:
    lost, extra = _without(want, have), _without(have, want)
    if lost and extra:
        yield f"different: {where}: {_shown(lost)} became {_shown(extra)}"
    elif lost:
        yield f"lost: {where}: {_shown(lost)}"
    elif extra:
        yield f"doubled: {where}: {_shown(extra)}"


def _shown(rows: list[Any]) -> str:
    more = len(rows) - _SHOWN
    return f"{rows[:_SHOWN]}" + (f" and {more} more" if more > 0 else "")


def _without(rows: Any, others: Any) -> list[Any]:
    """What is in `rows` more often than in `others`."""
    left = list(others)
    rest = []
    for row in rows:
        if row in left:
            left.remove(row)
        else:
            rest.append(row)
    return rest
