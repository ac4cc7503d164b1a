"""Running, resuming and comparing at one place: what every layer does around its fault."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from initdb.events.chain import GENESIS
from initdb.events.clock import Clock
from initdb.events.entry import Moment, Turn, write
from tests.crash import acknowledged, comparing, facts, failing, steady, taps
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
    begun = len(story(place).rows)
    place.reset()
    answer, labels = _completed(start(place, lambda moment: None))
    wrong = [*comparing.answer_problems(place.scenario.ends, answer), *place.leftovers()]
    wrong += [] if wrong else [*_untrue(place), *_open_fence(place)]
    assert not wrong, f"{place.scenario.name} on {place.database}, uninterrupted: {wrong}"
    assert labels, "no point was counted: the taps are not in"
    picture = look(place)
    told = acknowledged.read(place.folder)
    written = {row.hash for row in picture.told.rows[begun:]}
    assert told == written, f"{len(written)} events were written, {len(told)} of them seen to be committed"
    return Expected(picture, len(labels), tuple(labels))


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
        turn = Turn("outage", "note", last.dest, last.dest)
        stray = write(last.seq, GENESIS, Moment("stray", last.at, 1, {}), turn, {}).columns()
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

    committed = acknowledged.Recorder(place.folder / acknowledged.FILE)

    def noted(moment: taps.Moment) -> None:
        labels.append(moment.label)
        committed.note(moment)
        if act(moment):
            struck.append(moment.number)

    steady.hold(seed)
    initializer = place.app.initializer()
    initializer.site.clock = clock(seed)
    tap = taps.install(noted)
    answer = {**asdict(what(initializer)), "labels": labels, "struck": struck}
    tap.act = lambda moment: None
    return {**answer, "kept": place.kept_locks()}


def _completed(child: Child) -> tuple[Answer, list[str]]:
    ended = child.wait()
    assert not ended.signal, f"killed by {ended.signal}"
    assert not ended.answer["kept"], ended.answer["kept"]
    return _answer(ended), ended.answer["labels"]


def _answer(ended: Ended) -> Answer:
    return Answer(ended.answer["outcome"], tuple(ended.answer["errors"]))


def resume(place: Place, quicken: Callable[[], None] = steady.quicken) -> Ended:
    """One resume in a fresh child; `quicken` shortens its pauses. Raises Stuck."""

    def work() -> dict[str, Any]:
        quicken()
        answer = asdict(place.scenario.resume(place.app.initializer()))
        return {**answer, "kept": place.kept_locks()}

    ended = call(work)
    assert not ended.signal, f"the resume was killed by {ended.signal}"
    return ended


def resume_unhurried(place: Place) -> Ended:
    """The same with the pauses that a process really makes."""
    return resume(place, steady.silence)


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
    place: Place, expected: Expected, resuming: Callable[[Place], Ended] = resume
) -> tuple[str, ...]:
    """Resume once, and say everything that is not as it must be."""
    if place.scenario.order and is_finished(place, expected):
        return compared(place, expected)
    try:
        ended = resuming(place)
    except Stuck as error:
        return (f"stuck: the resume: {error}",)
    except RuntimeError as error:
        return (f"unready: the resume raised: {error}",)
    wrong = comparing.answer_problems(place.scenario.ends, _answer(ended))
    return (*wrong, *ended.answer["kept"], *compared(place, expected))


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
    ended = _survived(child)
    if isinstance(ended, str):
        return (ended,)
    assert not strikes or ended.answer["struck"], "the fault did not strike"
    wrong = tuple(comparing.answer_problems(place.scenario.ends, _answer(ended)))
    if wrong:
        return (*wrong, *(f"then, {text}" for text in problems_after(place, expected)))
    return (*ended.answer["kept"], *compared(place, expected))


def problems_of_failing(
    place: Place, expected: Expected, child: Child, wanted: Collection[str] = ()
) -> tuple[str, ...]:
    """The same of a run that may fail by the fault, which is over: it says why, and the next one goes on.

    `wanted`: the references by which it may fail; none is any.
    """
    ended = _survived(child)
    if isinstance(ended, str):
        return (ended,)
    answer, kept = _answer(ended), ended.answer["kept"]
    if answer.outcome == place.scenario.ends:
        return (*kept, *compared(place, expected))
    return (*failing.untold(place.scenario, answer, wanted), *kept, *problems_after(place, expected))


def _survived(child: Child) -> Ended | str:
    """How a run ended that the fault leaves alive; or what is wrong with it."""
    try:
        ended = child.wait()
    except Stuck as error:
        return f"stuck: the run: {error}"
    except RuntimeError as error:
        return f"unready: the run raised: {error}"
    assert not ended.signal, f"the run was killed by {ended.signal}"
    return ended


def compared(place: Place, expected: Expected) -> tuple[str, ...]:
    """Everything in which the database as it is differs from what an uninterrupted run leaves."""
    found = place.leftovers()
    try:
        picture = look(place)
        forgotten = acknowledged.missing(acknowledged.read(place.folder), picture.told)
        return (*found, *forgotten, *comparing.problems(expected.picture, picture))
    except Exception as error:
        return (*found, f"different: the database cannot be read: {error}")
