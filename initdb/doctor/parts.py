"""Judges an application's parts, as they were read: revisions, env.py, seeds, and where the spool is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from initdb.doctor.finding import Finding, ok, warning
from initdb.events.spool_file import is_usable
from initdb.steps.context import Application

_HIDING = ("alembic.autogenerate.initdb", "alembic.autogenerate.*")
"""The plugin that hides the journal from autogenerate, and the usual pattern, which takes it too."""

_PLUGINS = re.compile(r"\bautogenerate_plugins\b\s*=")


@dataclass(frozen=True, slots=True)
class Parts:
    """What was found of an application's parts.

    Attributes:
        folder: The Alembic directory; None if there is none.
        revisions: How many revisions it has; None if only env.py knows.
        heads: Its heads.
        env_py: The text of env.py.
        seeds: The names of the seed sources.
        left_out: Files in the folders of the seeds that are none, as sentences.
        identity: Whether the built-in identity schema is used.
    """

    folder: Path | None = None
    revisions: int | None = None
    heads: tuple[str, ...] = ()
    env_py: str = ""
    seeds: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    identity: bool = False


@dataclass(frozen=True, slots=True)
class Spool:
    """Where notes wait while the database cannot be reached.

    Attributes:
        file: The file.
        nearest: The nearest folder above it that exists.
        writable: Whether this process may write there, and nobody else has made the file or its folder.
        notes: How many notes wait.
    """

    file: Path
    nearest: Path
    writable: bool
    notes: int


def gather_spool(file: Path, notes: int) -> Spool:
    """Look where the spool's file can be made.

    Args:
        file: The file of the spool.
        notes: How many notes wait in it.
    """
    nearest = next(folder for folder in file.parents if folder.exists())
    return Spool(file, nearest, is_usable(file), notes)


def gather_parts(application: Application) -> Parts:
    """See what was read of an application.

    Args:
        application: Its parts.
    """
    folder = application.place.script_location if application.place else None
    env_py = folder / "env.py" if folder else None
    graph = application.graph
    return Parts(
        folder=folder,
        revisions=len(graph.files) if graph else None,
        heads=tuple(graph.heads) if graph else (),
        env_py=env_py.read_text("utf-8", "replace") if env_py and env_py.is_file() else "",
        seeds=tuple(source.name for source in application.seeds),
        left_out=application.left_out(),
        identity=application.identity,
    )


def judge_parts(found: Parts) -> Iterator[Finding]:
    """The findings about revisions and seeds. Pure."""
    if found.identity:
        yield ok("paths", "The built-in identity schema is used: no models, revisions or seeds are named.")
    elif found.folder is None:
        yield ok("paths", "There are no revisions.")
    else:
        number = "those that env.py chooses" if found.revisions is None else f"{found.revisions}"
        heads = f", head {', '.join(found.heads)}" if found.heads else ""
        yield ok("paths", f"Revisions in {found.folder}: {number}{heads}.")
    if found.seeds and not found.identity:
        yield ok("paths", f"Seeds: {', '.join(found.seeds)}.")
    for line in found.left_out:
        yield warning("paths", line.removesuffix(".") + ".", "See docs/seeds.md, or move the file elsewhere")
    if _PLUGINS.search(found.env_py) and not any(name in found.env_py for name in _HIDING):
        yield warning(
            "paths",
            f"{found.folder}/env.py names autogenerate_plugins, without the one that hides the journal.",
            'Add "alembic.autogenerate.initdb" to that list',
        )


def judge_spool(found: Spool) -> Iterator[Finding]:
    """The findings about the spool. Pure."""
    if not found.writable:
        yield warning(
            "paths",
            f"Notes of an outage would be lost: this process may not write to {found.nearest}, or another"
            f" user made it ({found.file}).",
            "Name a folder where it may: export XDG_STATE_HOME=/var/tmp",
        )
    else:
        waiting = f"; {found.notes} notes wait there for the next run" if found.notes else ""
        yield ok("paths", f"Notes of an outage are kept in {found.file}{waiting}.")
