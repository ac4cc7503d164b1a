"""What a setting's value can be: its types, its words, and the form of a kind of value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Value = str | int | float | Path | tuple[str, ...] | None
Parse = Callable[[object, Path], Value]

SchemaSource = Literal["models", "migrations", "base"]
Repair = Literal["safe", "never"]
OnFailure = Literal["exit", "serve-503"]
Mode = Literal["work", "wait", "check", "off"]
WhenNotOurs = Literal["serve", "exit"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value.

    name: what it is called. allowed: what may be given, in words.
    parse: takes what a file (a TOML value), a variable or an option (a text) gave, and the folder that
        relative paths start from; raises ValueError where that is not allowed. Looks at no file.
    choices: the words, where only some are allowed. many: whether the value is a list.
    """

    name: str
    allowed: str
    parse: Parse
    choices: tuple[str, ...] = ()
    many: bool = False
