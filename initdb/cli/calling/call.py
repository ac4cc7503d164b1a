"""What a command was called with: the settings that were given as options, and how to print."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import click

from initdb.cli.calling.typed import face_of
from initdb.cli.output.screen import Screen
from initdb.errors import InitError
from initdb.errors.faces import Face

SETTINGS_KEY = "initdb.settings"
FLAGS_KEY = "initdb.flags"
FLASK_KEY = "initdb.flask"
"""Keys of click's `Context.meta`. A command shares it with its groups, whose options come before it."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a command.

    Attributes:
        name: The name of the command, with that of its group: `journal verify`.
        settings: Name of a setting → the text that was given as an option.
        debug: Whether to print where an internal error came through.
        show_values: Whether to print on stderr what errors leave out.
        screen: Where to print.
        flask: Loads the application of `flask initdb …`; None if `initdb` was called.
    """

    name: str
    settings: dict[str, object]
    debug: bool
    screen: Screen
    flask: Callable[[], object] | None = None
    show_values: bool = False

    @property
    def face(self) -> Face:
        """How commands are typed where this one was."""
        return face_of(self.settings, flask=self.flask is not None)

    def fail(self, error: InitError, code: int) -> None:
        """Print the JSON object of a command that failed before it could begin.

        Args:
            error: The failure.
            code: The exit code.
        """
        said = error.rendered().as_data()
        self.screen.emit({"command": self.name, "outcome": "failed", "exit_code": code, "error": said})

    @classmethod
    def of(cls, ctx: click.Context) -> Call:
        """The call of a context."""
        flags = ctx.meta.get(FLAGS_KEY, frozenset())
        return cls(
            name=name_of(ctx),
            settings=dict(ctx.meta.get(SETTINGS_KEY, {})),
            debug="debug" in flags,
            screen=Screen(quiet="quiet" in flags, as_json="json" in flags),
            flask=ctx.meta.get(FLASK_KEY),
            show_values="show_values" in flags,
        )


def name_of(ctx: click.Context) -> str:
    """The name of the command, without that of the program: `run`, `journal verify`."""
    names: list[str] = []
    at: click.Context | None = ctx
    while at is not None and not getattr(at.command, "is_root", False):
        names.insert(0, at.command.name or "")
        at = at.parent
    return " ".join(names)
