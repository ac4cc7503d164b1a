"""State → the function that does its one piece of work."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from initdb.statemachine.table import State
from initdb.steps import adopt, create, history, inspect, migrate, repair, seed, validate
from initdb.steps.context import StepContext

Step = Callable[[StepContext], None]


def _repair(ctx: StepContext) -> None:
    """What contradicts itself first, then what is missing."""
    facts = history.conflict_of(ctx)
    if facts is not None:
        history.run(ctx, facts)
    else:
        repair.run(ctx)


STEPS: Mapping[State, Step] = {
    State.unknown: inspect.run,
    State.empty: create.run,
    State.unmanaged: adopt.run,
    State.behind: migrate.run,
    State.unseeded: seed.run,
    State.unproven: validate.run,
    State.defective: _repair,
}
