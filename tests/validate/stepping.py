"""A step on models: what it is given, and what its events say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, MetaData

from initdb.settings import Settings
from initdb.steps.context import Application, StepContext
from tests.support.at_work import Events, at_work


@contextmanager
def step(
    engine: Engine,
    models: MetaData | None,
    state: str,
    *,
    settings: Settings | None = None,
    seeded: Mapping[str, object] | None = None,
    **parts: Any,
) -> Iterator[tuple[StepContext, Events]]:
    """A context in `state`, and the events that are appended in it."""
    application = Application(metadata=models, **parts)
    with at_work(engine, state, application, settings=settings, seeded=seeded) as given:
        yield given
