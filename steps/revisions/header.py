"""The four identifiers in a revision file, from the values of its module-level names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from initdb.errors import InitError
from initdb.errors.known_names import of_file

NAMES = ("revision", "down_revision", "branch_labels", "depends_on")
_LEGACY_FILE = re.compile(r"([a-f0-9]+)\.py")


class Unknown:
    """A value that is only known if the file runs."""


UNKNOWN: Final = Unknown()


@dataclass(frozen=True, slots=True)
class Header:
    """The identifiers of a revision.

    Attributes:
        revision: Its own.
        down: Those that it follows.
        depends_on: Those that it depends on.
        labels: Its branch labels; None if they are unknown.
    """

    revision: str
    down: tuple[str, ...]
    depends_on: tuple[str, ...]
    labels: tuple[str, ...] | None


def header_of(path: Path, values: Mapping[str, object], lines: Mapping[str, int]) -> Header | None:
    """The header of a revision file; None if the file is no revision.

    A file of 2011 without `revision` is named by its file name, as Alembic does it.

    Args:
        path: The file.
        values: The values of the module's names.
        lines: The line numbers of the names.

    Raises:
        InitError: `revision-unparsable`, if `revision` or `down_revision` is missing or no literal.
    """
    own: object = values.get("revision")
    if "revision" not in values:
        legacy = _LEGACY_FILE.fullmatch(path.name)
        if "down_revision" not in values:
            return None
        if legacy is None:
            raise unparsable(path, 0, "it has a down_revision but no revision")
        own = legacy.group(1)
    if not isinstance(own, str):
        raise unparsable(path, lines.get("revision", 0), "revision is not a string literal")
    if "down_revision" not in values:
        raise unparsable(path, 0, "it has a revision but no down_revision")
    found = {name: _identifiers(values.get(name)) for name in NAMES[1:]}
    down, depends_on = found["down_revision"], found["depends_on"]
    for name, value in (("down_revision", down), ("depends_on", depends_on)):
        if value is None:
            raise unparsable(path, lines.get(name, 0), f"{name} is not a literal of revision identifiers")
    return Header(own, down or (), depends_on or (), found["branch_labels"])


def unparsable(path: Path, line: int, reason: str) -> InitError:
    """The error for a revision file that cannot be read.

    Args:
        path: The file.
        line: The number of the line; 0 if there is none to name.
        reason: Why it cannot be read.
    """
    said = f"{path}, line {line}: {reason}" if line else f"{path}: {reason}"
    return InitError("revision-unparsable", said, names=of_file(path))


def first_line(docstring: str | None) -> str:
    """The first line of a docstring, without the space around it; empty if there is none."""
    return (docstring or "").strip().partition("\n")[0].strip()


def _identifiers(value: object) -> tuple[str, ...] | None:
    """A name, several, or none (as Alembic's `to_tuple` takes them); None if they are unknown."""
    if value is None or value == (None,):
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, (tuple, list)) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return None
