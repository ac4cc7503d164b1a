"""Finds the step that does the work of a state, and the error that describes its failure."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from sqlalchemy import Engine

from initdb.errors import InitError
from initdb.errors.classify import classify
from initdb.errors.redact import url_text
from initdb.statemachine.table import WORK, State
from initdb.steps.context import StepContext

Step = Callable[[StepContext], None]


def step_of(state: State) -> Step:
    """Import the step that does the work of a state.

    Args:
        state: The state.

    Returns:
        The step's function.

    Raises:
        KeyError: The state has no work.

    Example:
        >>> step_of(State.behind).__module__
        'initdb.steps.migrate'
    """
    work = WORK[state]
    if work is None:
        raise KeyError(state)
    step: Step = import_module(f"initdb.steps.{work.step}").run
    return step


def named(error: BaseException, state: State, engine: Engine) -> InitError:
    """Describe a failure by a row of the catalogue.

    Args:
        error: What the step raised.
        state: The state whose work the step did.
        engine: The engine of the database.
    """
    work = WORK[state]
    doing = work.doing if work else "migrate"
    return classify(error, doing=doing, database=engine.dialect.name, target=url_text(engine.url))
