"""What an examination finds: whether it is as it should be, in plain words, and what to type if it is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from initdb.errors import InitError

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of an examination.

    Attributes:
        area: What it is about: versions, settings, paths, drivers, database, privileges, sessions, journal or
            time.
        level: "problem" keeps a run from working; "warning" is what people stumble over.
        text: What was found, as a sentence.
        fix: What to type, or to do; empty if there is nothing to do.
    """

    area: str
    level: Level
    text: str
    fix: str = ""


def ok(area: str, text: str) -> Finding:
    """Something is as it should be."""
    return Finding(area, "ok", text)


def warning(area: str, text: str, fix: str) -> Finding:
    """Something can become a problem."""
    return Finding(area, "warning", text, fix)


def problem(area: str, text: str, fix: str) -> Finding:
    """Something keeps a run from working."""
    return Finding(area, "problem", text, fix)


def from_error(area: str, error: InitError) -> Finding:
    """The finding that an error of the catalogue is."""
    said = error.rendered()
    return problem(area, " ".join((said.message, *(_sentence(line) for line in said.context))), said.fix)


def _sentence(line: str) -> str:
    return line if line.endswith((".", "?", "!", ":")) else f"{line}."
