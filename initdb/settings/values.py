"""What the value of a setting can be: its types, its words, and what a kind of value is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Value = str | int | float | Path | tuple[str, ...] | None
Parse = Callable[[object, Path], Value]

SchemaSource = Literal["models", "migrations", "base", "identity"]
Repair = Literal["safe", "never"]
CreateDatabase = Literal["ask", "yes", "no"]
Backup = Literal["off", "before-changes"]
CheckpointWhen = Literal["asked", "ready"]
OnFailure = Literal["exit", "serve-503"]
Mode = Literal["work", "wait", "check", "off"]
WhenNotOurs = Literal["serve", "exit"]
WhenEdited = Literal["warn", "fail"]
SeedRows = Literal["added", "all"]
OrderName = Literal[
    "rollback",
    "release",
    "resume",
    "retry",
    "mark-applied",
    "accept-edited",
    "take-over",
    "repair",
    "seed",
    "set-aside",
    "archive",
    "set-password",
]
"""What a person can order, by the name of the command or of its option."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value.

    Attributes:
        name: What it is called.
        allowed: What may be given, in words.
        parse: Makes the value from what was given (a TOML value, or the text of a variable or an option) and
            the folder where relative paths start. It raises ValueError if that is not allowed.
        choices: The allowed words, if it is one of a few words.
        many: Whether the value is a list.
    """

    name: str
    allowed: str
    parse: Parse
    choices: tuple[str, ...] = ()
    many: bool = False
