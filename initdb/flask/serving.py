"""Whether this process will serve requests. Only then does its boot touch the database.

Many commands create an application and do not serve: `flask routes`, `flask shell`, `flask db upgrade`,
`celery inspect`, `alembic`, `gunicorn --check-config`, and the parent of the reloader. Every other process
counts as serving: a script, a test, a server that is not known here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click
from flask.cli import ScriptInfo
from flask.helpers import get_debug_flag

SERVING = {"flask": ("run",), "celery": ("worker", "beat"), "alembic": ()}
"""Program → its commands that serve."""

RELOAD = 3
"""The exit code after which the reloader of werkzeug starts its child again."""

CHECKING = ("--check-config", "--print-config")
"""The options with which gunicorn loads the application and ends."""


def serves() -> bool:
    """Whether this process serves: by the context of click if there is one, else by its command line."""
    found = _command()
    if found is None:
        return command_line_serves(sys.argv)
    program, command, innermost = found
    return command in SERVING[program] and not _is_reloaders_parent(innermost)


def answers_requests() -> bool:
    """Whether this process could answer 503. A worker of Celery has nobody to answer."""
    found = _command()
    return (found[0] if found else _name(sys.argv[0])) != "celery"


def is_development_server() -> bool:
    """Whether this is `flask run`, at which a person may sit."""
    found = _command()
    return found is not None and found[:2] == ("flask", "run")


def command_line_serves(words: Sequence[str]) -> bool:
    """Whether the process of a command line serves.

    Args:
        words: As in `sys.argv`.

    Example:
        >>> command_line_serves(["gunicorn", "shop:app"]), command_line_serves(["celery", "inspect"])
        (True, False)
    """
    program, rest = _name(words[0] if words else ""), words[1:]
    if program == "gunicorn":
        return not any(word in CHECKING for word in rest)
    return program not in SERVING or any(word in SERVING[program] for word in rest)


def is_reloaders_child(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the reloader of werkzeug watches this process, and restarts it when it ends with RELOAD."""
    return environ.get("WERKZEUG_RUN_MAIN") == "true"


def _command() -> tuple[str, str | None, click.Context] | None:
    """The program and the command that click runs, and the innermost context; None for another program."""
    chain = tuple(_chain())
    for place, context in enumerate(chain):
        program = _program(context)
        if program is not None:
            below = chain[place + 1].info_name if place + 1 < len(chain) else context.invoked_subcommand
            return program, below, chain[-1]
    return None


def _chain() -> Iterator[click.Context]:
    """The open contexts of click in this thread, the outermost first."""
    context = click.get_current_context(silent=True)
    found = []
    while context is not None:
        found.append(context)
        context = context.parent
    yield from reversed(found)


def _program(context: click.Context) -> str | None:
    """The name of the program: `flask` for any group of commands that loads a Flask application."""
    if isinstance(context.obj, ScriptInfo) and isinstance(context.command, click.Group):
        return "flask"
    return context.command.name if context.command.name in SERVING else None


def _is_reloaders_parent(context: click.Context) -> bool:
    """Whether this is `flask run` with a reloader: its child creates the application again, and serves."""
    reload = context.params.get("reload")
    return bool(get_debug_flag() if reload is None else reload) and not is_reloaders_child()


def _name(path: str) -> str:
    """The name of the program. For `python -m flask`, sys.argv has the path of flask/__main__.py."""
    found = Path(path)
    return found.parent.name if found.name == "__main__.py" else found.stem
