"""Runs the table as a machine of the `transitions` library, and says which state an event leads to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import transitions
from transitions import EventData, Machine, MachineError

from initdb.events.entry import Turn
from initdb.statemachine.table import TABLE, TRIGGERS, Guard, State


class NoRow(Exception):
    """The table has no row for an event in a state, or no row whose guard holds."""


class _State(transitions.State):  # type: ignore[misc,unused-ignore]
    """A state without callbacks. The library's own state would log at INFO that it called none."""

    def enter(self, event_data: EventData) -> None:
        """Do nothing."""

    def exit(self, event_data: EventData) -> None:
        """Do nothing."""


class _Machine(Machine):  # type: ignore[misc,unused-ignore]
    state_cls = _State


class _Model:
    """What the machine moves. It has only a state."""

    def __init__(self, state: str) -> None:
        self.state = state


def _condition(guard: Guard) -> Callable[[EventData], bool]:
    def holds(event: EventData) -> bool:
        return guard(event.kwargs["data"])

    holds.__name__ = guard.__name__
    return holds


@cache
def machine() -> Machine:
    """Make the machine of this process, once. It has one trigger for each type of event."""
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
    """Say which state an event leads to. A run and the audit's replay both ask here.

    Args:
        state: The state before.
        event: The type of the event.
        data: Its data, which the guards read.

    Raises:
        NoRow: The table has no such transition.
        KeyError: The type of the event is unknown.

    Example:
        >>> turn("behind", "migration_applied", {"pending": ["r2"]}).dest
        'behind'
        >>> turn("behind", "migration_applied", {"pending": []}).dest
        'unproven'
    """
    trigger = machine().events[event]
    if state not in State.__members__:
        raise NoRow(f"the table has no state {state}")
    model = _Model(state)
    try:
        moved = trigger.trigger(model, data=data)
    except MachineError as error:
        raise NoRow(f"{event} has no row in state {state}") from error
    if not moved:
        raise NoRow(f"no guard of {event} holds in state {state}")
    return Turn(event, TRIGGERS[event], state, model.state)
