"""The table as a running machine, on the `transitions` library: one machine a process, one throw-away model a
turn."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from transitions import Machine, MachineError
from transitions.core import EventData

from initdb.events.entry import Turn
from initdb.statemachine.table import TABLE, TRIGGERS, Guard, State


class NoRow(Exception):
    """The table has no row for this trigger in this state, or none whose guard holds."""


class _Model:
    """What the machine moves: a state and nothing else."""

    def __init__(self, state: str) -> None:
        self.state = state


def _condition(guard: Guard) -> Any:
    def holds(event: EventData) -> bool:
        return guard(event.kwargs["data"])

    holds.__name__ = guard.__name__
    return holds


@cache
def machine() -> Machine:
    """The process's machine; it has no model of its own and no callbacks but the guards."""
    return Machine(
        model=None,
        states=[str(state) for state in State],
        initial=str(State.unknown),
        transitions=[
            {
                "trigger": row.trigger,
                "source": str(row.source),
                "dest": str(row.dest),
                "conditions": [_condition(row.guard)] if row.guard else [],
            }
            for row in TABLE
        ],
        auto_transitions=False,
        send_event=True,
    )


def turn(state: str, event: str, data: Mapping[str, Any]) -> Turn:
    """What `event` makes of `state`, by the guarded rows. Live turns and replays both come through here.

    Raises NoRow where the table has no such transition (of an unknown state it has none), KeyError where
    `event` is of an unknown type.
    """
    trigger = TRIGGERS[event]
    if state not in State.__members__:
        raise NoRow(f"nothing is known of state {state}")
    model = _Model(state)
    try:
        with _silent():
            moved = machine().events[trigger].trigger(model, data=data)
    except MachineError as error:
        raise NoRow(f"{event} has no row in state {state}") from error
    if not moved:
        raise NoRow(f"no guard of {event} holds in state {state}")
    made = Turn(event, trigger, state, model.state)
    if not any(
        event in row.events
        for row in TABLE
        if (row.trigger, row.source, row.dest) == (trigger, state, made.dest)
    ):
        raise NoRow(f"{event} does not lead from {state} to {made.dest}")
    return made


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """The library tells the log of each turn twice, at INFO; the journal's own line is enough."""
    logger = logging.getLogger("transitions.core")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def accepts(state: str, trigger: str) -> bool:
    """Whether the table has a row for this trigger in this state."""
    return any(row.trigger == trigger and row.source == state for row in TABLE)
