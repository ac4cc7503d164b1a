"""Refuses what only the owner of the journal's tables can do, to any other role."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Engine

from initdb.errors import InitError
from initdb.events.parts import Part
from initdb.steps.connect import names


def refuse_others(engine: Engine, parts: Iterable[Part], command: str) -> None:
    """Refuse a command if another role owns a part of the journal.

    Args:
        engine: The engine of the database.
        parts: The parts of the journal.
        command: The command, as its owner types it, but for the URL.

    Raises:
        InitError: "journal-not-owned".
    """
    theirs = [part for part in parts if not part.ours]
    if theirs:
        url = engine.url.set(username=theirs[0].owner, password=None).render_as_string()
        raise InitError(
            "journal-not-owned",
            *(f"The {part.kind} {part.name} belongs to {part.owner}." for part in theirs),
            fix=f"Let its owner do it: {command} --work-url '{url}'",
            database=engine.dialect.name,
            names=names(engine),
        )
