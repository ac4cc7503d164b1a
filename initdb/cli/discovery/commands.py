"""Writes the command that works for the application of a folder, as one types it."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from initdb.cli.discovery.folder import Folder


def typed(words: str, folder: Folder, settings: Mapping[str, str], here: str, *, done: bool = False) -> str:
    """A command with options for settings that no file has yet.

    `flask` reads .env and .flaskenv, and initdb does not: where the URL of the database is in one of them,
    it has to be `flask initdb`.

    Args:
        words: The command: `run`, `journal verify`.
        folder: What is in the folder of the application.
        settings: Name → value of what the command needs as options.
        here: The working directory.
        done: Whether a file has the settings meanwhile.
    """
    app = settings.get("app")
    if app and _needs_flask(folder):
        said = f"{_flask(folder, app)} initdb {words}"
    elif done:
        said = f"initdb {words}"
    else:
        options = [
            word for name, value in settings.items() for word in (f"--{name.replace('_', '-')}", value)
        ]
        said = " ".join(["initdb", words, *map(shlex.quote, options)])
    away = str(folder.path) != here and not done
    return f"cd {shlex.quote(os.path.relpath(folder.path, here))} && {said}" if away else said


def _needs_flask(folder: Folder) -> bool:
    return any(one.file and one.name != "FLASK_APP" for one in folder.variables)


def _flask(folder: Folder, app: str) -> str:
    """`flask`, which is told the application unless it finds it by itself."""
    beside = Path(sys.executable).with_name("flask")
    flask = "flask" if shutil.which("flask") == str(beside) else f"{shlex.quote(sys.executable)} -m flask"
    if folder.flask_app:
        return flask
    found = next((one for one in folder.applications if one.name == app), None)
    source = "src/" if found and found.path.startswith("src/") else ""
    return f"FLASK_APP={shlex.quote(source + app)} {flask}"
