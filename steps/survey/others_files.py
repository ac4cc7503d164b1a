"""Finds what other users may write of that which a run reads: revisions, seeds, env.py, settings, models."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from initdb.settings import Settings
from initdb.settings.trusted import is_mounted, trusted_users
from initdb.steps.context import Application
from initdb.whose import Seen, group_name, other_members, user_name

MOST_NAMED = 3
"""How many files are named. With more, the others are counted."""


def others_files(application: Application, settings: Settings) -> tuple[str, ...]:
    """One sentence for each kind of danger, with the files; none if only this user and root may write them.

    Args:
        application: Its revisions, its env.py and its seeds.
        settings: Their files, and the module of the models.
    """
    trusted, found = trusted_users(os.environ), dict[str, list[Path]]()
    for path in dict.fromkeys(_chain(application, settings)):
        try:
            seen = Seen.of(path.stat())
        except OSError:
            continue
        if why := _why(path, seen, trusted):
            found.setdefault(why, []).append(path)
    return tuple(
        f"{why}: {_named(paths)}. Whoever may do that decides what a run does."
        for why, paths in found.items()
    )


def _why(path: Path, seen: Seen, trusted: frozenset[int]) -> str | None:
    if seen.is_open:
        return "All users may write"
    if seen.owner not in trusted and not is_mounted(path, seen.owner, trusted):
        return f"Another owner, {user_name(seen.owner)}, may write"
    if seen.is_shared and _others(seen.group, seen.owner):
        return f"Members of {group_name(seen.group)} may write"
    return None


_others = lru_cache(maxsize=64)(other_members)


def _chain(application: Application, settings: Settings) -> Iterator[Path]:
    """Files, and the folders in which others could put one."""
    yield from map(Path, settings.sources)
    place, graph = application.place, application.graph
    if place is not None:
        yield from (place.script_location, place.script_location / "env.py", *place.version_locations)
    if graph is not None:
        yield from (file.path for file in graph.files.values())
    for source in application.seeds:
        if source.path is not None:
            yield from (source.path.parent, source.path)
    yield from _modules(settings)


def _modules(settings: Settings) -> Iterator[Path]:
    """The top folders of the modules that the settings name, as far as they are imported."""
    for name in (*settings.metadata, settings.app or "", settings.base or ""):
        module = sys.modules.get(name.partition(":")[0].partition(".")[0])
        if (file := getattr(module, "__file__", None)) is not None:
            yield Path(file).parent


def _named(paths: list[Path]) -> str:
    shown = ", ".join(map(str, paths[:MOST_NAMED]))
    return shown if len(paths) <= MOST_NAMED else f"{shown} and {len(paths) - MOST_NAMED} more"
