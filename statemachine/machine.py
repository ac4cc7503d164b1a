"""The table as a running machine on the `transitions` library: one machine a process, one model a turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import transitions
from transitions import EventData, Machine, MachineError

from initdb.events.entry import Turn
from initdb.statemachine.table import TABLE, TRIGGERS, Guard, State


class NoRow(Exception):
    """The table has no row for this event in this state, or none whose guard holds."""


class _State(transitions.State):  # type: ignore[misc,unused-ignore]
    """A state without callbacks: the library would log, at INFO, that it has called none."""

    def enter(self, event_data: EventData) -> None:
        """Nothing is called on entering."""

    def exit(self, event_data: EventData) -> None:
        """Nothing is called on leaving."""


class _Machine(Machine):  # type: ignore[misc,unused-ignore]
    state_cls = _State


class _Model:
    """What the machine moves: a state and nothing else."""

    def __init__(self, state: str) -> None:
        self.state = state


def _condition(guard: Guard) -> Callable[[EventData], bool]:
    def holds(event: EventData) -> bool:
        return guard(event.kwargs["data"])

    holds.__name__ = guard.__name__
    return holds


@cache
def machine() -> Machine:
    """The process's machine: a trigger for each type of event, guards from the table, no other callbacks."""
    return _Machine(
        model=None,
        states=[str(state) for state in State],
        initial=str(State.unknown),
        transitions=[
            {
                "trigger": row.event,
                "source": str(row.source),
                "dest": str(row.dest),
                "conditions": [_condition(row.guard)] if row.guard else [],
            }
            for row in TABLE
        ],
        auto_transitions=False,
        send_event=True,
    )


def turn(state: str, event: str, data: Mapping[str, object]) -> Turn:
    """What `event` makes of `state`, by the guards of the table. Live turns and replays both come through
    here.

    Raises:
        NoRow: the table has no such transition; of an unknown state it has none.
        KeyError: `event` is of an unknown type.
    """
    trigger = machine().events[event]
    if state not in State.__members__:
        raise NoRow(f"nothing is known of state {state}")
    model = _Model(state)
    try:
        moved = trigger.trigger(model, data=data)
    except MachineError as error:
        raise NoRow(f"{event} has no row in state {state}") from error
    if not moved:
        raise NoRow(f"no guard of {event} holds in state {state}")
    return Turn(event, TRIGGERS[event], state, model.state)
