"""How a Python program that made an Initializer types what an error prints: as calls of its methods."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine

from initdb.errors.faces import PLAIN, Face, at_hand
from initdb.errors.redact import url_text
from initdb.steps.application.given import Given

CALLS = (
    ("resume --accept-edited", "Initializer(...).resume(accept_edited=True)"),
    ("resume", "Initializer(...).resume()"),
    ("repair", "Initializer(...).repair()"),
    ("run", "Initializer(...).initialize()"),
)
"""The command → what a program calls instead. Other commands, or with other options, are typed."""


def face_of_program(engine: Engine | None, given: Given) -> Face:
    """The face of a program, if it has handed over an engine or a part; else what is at hand.

    Commands that are typed have options for what was handed over and has a name. The password is left out.

    Args:
        engine: The engine that was handed over.
        given: The parts.
    """
    handed_over = engine is not None or not given.is_nothing or given.provider is not None
    if at_hand() != PLAIN or not handed_over:
        return at_hand()
    return Face(settings=tuple(_options(engine, given)), calls=CALLS)


def _options(engine: Engine | None, given: Given) -> Iterator[tuple[str, str]]:
    if engine is not None:
        yield "--database-url", url_text(engine.url)
    if isinstance(given.metadata, str):
        yield "--metadata", given.metadata
    if isinstance(given.migrations, str | Path):
        yield "--migrations", str(given.migrations)
    seeds = given.seeds
    for seed in seeds if isinstance(seeds, list | tuple) else (seeds,):
        if isinstance(seed, str | Path):
            yield "--seeds", str(seed)
    if given.name is not None:
        yield "--application", given.name
