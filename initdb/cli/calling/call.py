"""What a command was called with: the settings given as options, and how it is to speak."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import click

from initdb.cli.output.screen import Screen

SETTINGS_KEY = "initdb.settings"
FLAGS_KEY = "initdb.flags"
FLASK_KEY = "initdb.flask"
"""Keys of click's `Context.meta`, which a command shares with its groups: options may stand before it."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a command.

    name: the command's, with its group's (`journal verify`). settings: name of a setting → the text given.
    flask: makes the application that `flask` was called for; None where another face was called.
    """

    name: str
    settings: dict[str, object]
    debug: bool
    screen: Screen
    flask: Callable[[], object] | None = None

    @classmethod
    def of(cls, ctx: click.Context) -> Call:
        """The call that `ctx` is in."""
        flags = ctx.meta.get(FLAGS_KEY, frozenset())
        return cls(
            name=name_of(ctx),
            settings=dict(ctx.meta.get(SETTINGS_KEY, {})),
            debug="debug" in flags,
            screen=Screen(quiet="quiet" in flags, as_json="json" in flags),
            flask=ctx.meta.get(FLASK_KEY),
        )


def name_of(ctx: click.Context) -> str:
    """The command's name below the program's: `run`, `journal verify`."""
    names: list[str] = []
    at: click.Context | None = ctx
    while at is not None and not getattr(at.command, "is_root", False):
        names.insert(0, at.command.name or "")
        at = at.parent
    return " ".join(names)
