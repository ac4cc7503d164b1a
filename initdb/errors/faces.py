"""Writes the commands in a text as one types them where it is shown: `initdb run`, or `flask initdb run`.

Texts are stored with the plain names, since another face may show them later.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

_SINGLE = (
    "alembic|doctor|eject|journal|manifest|plan|release|repair|replay|restore|resume|rollback|run|status"
    "|validate"
)
_OURS = f"journal verify|admin set-password|{_SINGLE}"
_WITHOUT_SETTINGS = "admin|completion|diagram|explain|init|--help|--version"
_ALEMBIC = "branches|check|current|downgrade|edit|heads|history|merge|revision|show|stamp|upgrade"
_ARGUMENTS = r"""(?: (?:--?[a-z][\w-]*|"[^"]*"|heads?|base|[\w@+-]+:[\w@+-]+)(?![\w:-]))*"""
"""What follows a command of Alembic and belongs to it. In "alembic check finds nothing" that is nothing."""
_PLAINLY = r"(?<![\w./=-])(?<!flask )(?<!-m )"
_COMMAND = re.compile(
    rf"{_PLAINLY}(?:initdb (?P<ours>{_OURS}|(?P<bare>{_WITHOUT_SETTINGS}))"
    rf"|alembic (?P<alembic>(?:{_ALEMBIC})(?![\w-]){_ARGUMENTS}))(?![\w-])"
)
"""A whole command: in "initdb checks a table" there is none."""


def plain_alembic() -> str:
    """How Alembic's commands are typed where its configuration is found by itself."""
    return "alembic {}"


@dataclass(frozen=True, slots=True)
class Face:
    """How commands are typed in one place.

    Attributes:
        ours: What stands for `initdb COMMAND`, with {} for the command.
        alembic: Gives the same for `alembic COMMAND`. It is called if a text has such a command.
        settings: The options that name what to work on, with their texts: commands have them once more.
        calls: What stands for a command with just these options: first those with options.
    """

    ours: str = "initdb {}"
    alembic: Callable[[], str] = plain_alembic
    settings: tuple[tuple[str, str], ...] = ()
    calls: tuple[tuple[str, str], ...] = ()


PLAIN = Face()

_chosen: ContextVar[Face | None] = ContextVar("initdb_face", default=None)
_askers: list[Callable[[], Face | None]] = []


def offer(ask: Callable[[], Face | None]) -> None:
    """Register a function that knows its face, if it is the one at hand.

    Args:
        ask: Gives the face; None if another one is at hand.
    """
    _askers.append(ask)


@contextmanager
def speaking(face: Face) -> Iterator[None]:
    """Show all texts in the block in a face, whatever those that were registered say.

    Args:
        face: Of the command that was typed.
    """
    token = _chosen.set(face)
    try:
        yield
    finally:
        _chosen.reset(token)


def at_hand() -> Face:
    """The face in which a text is shown now."""
    if (chosen := _chosen.get()) is not None:
        return chosen
    return next((face for ask in _askers if (face := ask()) is not None), PLAIN)


def as_typed(text: str) -> str:
    """The text with its commands as they are typed here.

    Args:
        text: It has the plain names.

    Example:
        >>> with speaking(Face("flask initdb {}", lambda: "flask db {} -d shop")):
        ...     as_typed("Merge them: alembic merge heads, then: initdb run. Or python -m initdb run")
        'Merge them: flask db merge heads -d shop, then: flask initdb run. Or python -m initdb run'
    """
    face = at_hand()
    if face == PLAIN:
        return text
    for command, call in face.calls:
        text = re.sub(rf"{_PLAINLY}initdb {command}(?![\w-]| --)", call, text)
    typed = _COMMAND.sub(lambda found: _typed(face, found), text)
    return re.sub(r"(?<=\bdb )revision --autogenerate", "migrate", typed)


def _typed(face: Face, found: re.Match[str]) -> str:
    if found["alembic"]:
        return face.alembic().replace("{}", found["alembic"])
    rest = found.string[found.end() :]
    given = () if found["bare"] else face.settings
    options = (f" {name} {shlex.quote(value)}" for name, value in given if not rest.startswith(f" {name} "))
    return face.ours.replace("{}", found["ours"] + "".join(options))
