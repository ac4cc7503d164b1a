"""Running, resuming and comparing at one place: what every layer does around its fault."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from initdb.events.clock import Clock
from tests.crash import comparing, facts, failing, steady, taps
from tests.crash.children import Child, Ended, Stuck, call, fork
from tests.crash.comparing import Picture
from tests.crash.places import Place
from tests.crash.scenario import Answer, Run


@dataclass(frozen=True, slots=True)
class Expected:
    """What the uninterrupted run leaves, and how many points it has."""

    picture: Picture
    total: int
    labels: tuple[str, ...]


Starter = Callable[[Any, taps.Act], Child]


def expect(place: Place) -> Expected:
    """Run without a fault, counting the points. Fails where the run does not end as it must."""
    _warm(place)
    place.reset()
    answer, labels = _completed(start(place, lambda moment: None))
    wrong = [*comparing.answer_problems(place.scenario.ends, answer), *place.leftovers()]
    wrong += [] if wrong else [*_untrue(place), *_open_fence(place)]
    assert not wrong, f"{place.scenario.name} on {place.database}, uninterrupted: {wrong}"
    assert labels, "no point was counted: the taps are not in"
    return Expected(look(place), len(labels), tuple(labels))


def _untrue(place: Place) -> Iterator[str]:
    """What two equal runs would both do wrong."""
    with closing_engine(place) as engine, engine.connect() as connection:
        for query, wanted in place.scenario.truth.items():
            found = sorted(map(tuple, connection.execute(text(query))))
            if found != wanted:
                yield f"different: {query}: {found}, not {wanted}"


def _open_fence(place: Place) -> Iterator[str]:
    """Whether an event that does not follow the head is taken by the journal itself."""
    with closing_engine(place) as engine, engine.connect() as connection:
        last = facts.read(connection).rows[-1]
        stray = {**asdict(last), "seq": last.seq + 1, "prev_hash": "0" * 64}
        names = ", ".join(stray)
        values = ", ".join(f":{name}" for name in stray)
        try:
            connection.execute(text(f"INSERT INTO init_journal ({names}) VALUES ({values})"), stray)
            yield "journal: an event that does not follow the head is not refused"
        except DBAPIError:
            pass
        finally:
            connection.rollback()


@contextmanager
def closing_engine(place: Place) -> Iterator[Engine]:
    """An engine to look with, for the length of a block."""
    engine = place.engine()
    try:
        yield engine
    finally:
        engine.dispose()


def _warm(place: Place) -> None:
    """Run once in this process, so that its children find modules imported and statements compiled."""
    place.reset()
    logging.disable(logging.WARNING)
    try:
        place.scenario.run(place.app.initializer())
    finally:
        logging.disable(logging.NOTSET)


def completes(place: Place, act: taps.Act | None = None) -> None:
    """A fault that is set for one point past the end must not strike."""
    place.reset()
    answer, _ = _completed(start(place, act or (lambda moment: None)))
    assert answer.outcome == place.scenario.ends


def start(place: Place, act: taps.Act, clock: Callable[[int], Clock] = steady.clock) -> Child:
    """Begin the run in a child, tapped and steady."""
    return fork(lambda: _running(place, place.scenario.run, act, 1, clock))


def start_resume(place: Place, act: taps.Act) -> Child:
    """Begin a resume in a child, tapped and steady."""
    return fork(lambda: _running(place, place.scenario.resume, act, 2, steady.clock))


def _running(
    place: Place, what: Run, act: taps.Act, seed: int, clock: Callable[[int], Clock]
) -> dict[str, Any]:
    labels: list[str] = []
    struck: list[int] = []

    def noted(moment: taps.Moment) -> None:
        labels.append(moment.label)
        if act(moment):
            struck.append(moment.number)

    steady.hold(seed)
    initializer = place.app.initializer()
    initializer.site.clock = clock(seed)
    taps.install(noted)
    return {**asdict(what(initializer)), "labels": labels, "struck": struck}


def _completed(child: Child) -> tuple[Answer, list[str]]:
    ended = child.wait()
    assert not ended.signal, f"killed by {ended.signal}"
    return _answer(ended), ended.answer["labels"]


def _answer(ended: Ended) -> Answer:
    return Answer(ended.answer["outcome"], tuple(ended.answer["errors"]))


def resume(place: Place) -> Answer:
    """One resume in a fresh child. Raises Stuck."""

    def work() -> dict[str, Any]:
        steady.quicken()
        return asdict(place.scenario.resume(place.app.initializer()))

    ended = call(work)
    assert not ended.signal, f"the resume was killed by {ended.signal}"
    return _answer(ended)


def look(place: Place) -> Picture:
    """The picture of the database as it is."""
    with closing_engine(place) as engine:
        return comparing.take(engine, place.scenario)


def story(place: Place) -> facts.Told:
    """The journal as it is, also where there is none."""
    with closing_engine(place) as engine:
        return comparing.story(engine)


def digest(place: Place) -> str:
    """The name of the state in which a fault left the database."""
    with closing_engine(place) as engine:
        return comparing.digest(engine, place.scenario)


def problems_after(
    place: Place, expected: Expected, resuming: Callable[[Place], Answer] = resume
) -> tuple[str, ...]:
    """Resume once, and say everything that is not as it must be."""
    if place.scenario.order and is_finished(place, expected):
        return compared(place, expected)
    try:
        answer = resuming(place)
    except Stuck as error:
        return (f"stuck: the resume: {error}",)
    except RuntimeError as error:
        return (f"unready: the resume raised: {error}",)
    return (*comparing.answer_problems(place.scenario.ends, answer), *compared(place, expected))


def is_finished(place: Place, expected: Expected) -> bool:
    """Asked only of orders, which begin on a database that has a journal."""
    return look(place).told.types[-1] == expected.picture.told.types[-1]


def problems_within(place: Place, expected: Expected, act: taps.Act | None = None) -> tuple[str, ...]:
    """Run with a fault that the process survives: it must end as it would without, by itself.

    `act` makes the fault; None where it is made elsewhere.
    """
    return problems_of(place, expected, start(place, act or (lambda moment: None)), act is not None)


def problems_of(place: Place, expected: Expected, child: Child, strikes: bool = True) -> tuple[str, ...]:
    """What is wrong with the end of a run that goes on, and with what it leaves. `strikes`: its tap must."""
    try:
        ended = child.wait()
    except Stuck as error:
        return (f"stuck: the run: {error}",)
    except RuntimeError as error:
        return (f"unready: the run raised: {error}",)
    assert not ended.signal, f"the run was killed by {ended.signal}"
    assert not strikes or ended.answer["struck"], "the fault did not strike"
    wrong = tuple(comparing.answer_problems(place.scenario.ends, _answer(ended)))
    if wrong:
        return (*wrong, *(f"then, {text}" for text in problems_after(place, expected)))
    return compared(place, expected)


def problems_of_failing(place: Place, expected: Expected, child: Child) -> tuple[str, ...]:
    """The same of a run that may fail by the fault, which is over: it says why, and the next one goes on."""
    try:
        ended = child.wait()
    except Stuck as error:
        return (f"stuck: the run: {error}",)
    except RuntimeError as error:
        return (f"unready: the run raised: {error}",)
    assert not ended.signal, f"the run was killed by {ended.signal}"
    answer = _answer(ended)
    if answer.outcome == place.scenario.ends:
        return compared(place, expected)
    return (*failing.untold(place.scenario, answer), *problems_after(place, expected))


def compared(place: Place, expected: Expected) -> tuple[str, ...]:
    """Everything in which the database as it is differs from what an uninterrupted run leaves."""
    found = place.leftovers()
    try:
        return (*found, *comparing.problems(expected.picture, look(place)))
    except Exception as error:
        return (*found, f"different: the database cannot be read: {error}")
