"""State → the function that does its one piece of work; a step's module is imported when there is work for
it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Engine

from initdb.errors import InitError
from initdb.errors.classify import classify
from initdb.errors.redact import url_text
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
    from initdb.steps import repair, restamp

    facts = restamp.conflict_of(ctx)
    if facts is not None:
        restamp.run(ctx, facts)
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


_DOING = {
    State.unknown: "inspect",
    State.empty: "schema",
    State.unmanaged: "adopt",
    State.behind: "migrate",
    State.unseeded: "seed",
    State.unproven: "validate",
    State.defective: "repair",
}


def named(error: BaseException, state: State, engine: Engine) -> InitError:
    """What the work of `state` failed with, as a row of the catalogue."""
    doing = _DOING.get(state, "migrate")
    return classify(error, doing=doing, database=engine.dialect.name, target=url_text(engine.url))
