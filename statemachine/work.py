"""State → the function that does its one piece of work; a step's module is imported when there is work for
it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from initdb.statemachine.table import State
from initdb.steps.context import StepContext

Step = Callable[[StepContext], None]


def _inspect(ctx: StepContext) -> None:
    from initdb.steps import inspect

    inspect.run(ctx)


def _create(ctx: StepContext) -> None:
    from initdb.steps import create

    create.run(ctx)


def _adopt(ctx: StepContext) -> None:
    from initdb.steps import adopt

    adopt.run(ctx)


def _migrate(ctx: StepContext) -> None:
    from initdb.steps import migrate

    migrate.run(ctx)


def _seed(ctx: StepContext) -> None:
    from initdb.steps import seed

    seed.run(ctx)


def _validate(ctx: StepContext) -> None:
    from initdb.steps import validate

    validate.run(ctx)


def _repair(ctx: StepContext) -> None:
    """What contradicts itself first, then what is missing."""
    from initdb.steps import history, repair

    facts = history.conflict_of(ctx)
    if facts is not None:
        history.run(ctx, facts)
    else:
        repair.run(ctx)


STEPS: Mapping[State, Step] = {
    State.unknown: _inspect,
    State.empty: _create,
    State.unmanaged: _adopt,
    State.behind: _migrate,
    State.unseeded: _seed,
    State.unproven: _validate,
    State.defective: _repair,
}
