"""From a state to the step that does its work, and from a failure of that work to a row of the catalogue."""

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
    """The function that does the work of `state`; its module is imported now.

    Raises:
        KeyError: the state has no work.
    """
    work = WORK[state]
    if work is None:
        raise KeyError(state)
    step: Step = import_module(f"initdb.steps.{work.step}").run
    return step


def named(error: BaseException, state: State, engine: Engine) -> InitError:
    """What the work of `state` failed with, as a row of the catalogue."""
    work = WORK[state]
    doing = work.doing if work else "migrate"
    return classify(error, doing=doing, database=engine.dialect.name, target=url_text(engine.url))
