"""A person at a terminal in an empty folder, and one in the folder of a small application."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.console import Console, toy_project
from tests.support.toy import Toy

_OURS = ("INITDB_", "DATABASE_URL", "FLASK_", "FORCE_COLOR", "NO_COLOR", "CLICOLOR", "TTY_")


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    """Commands in an empty folder; nothing of this process's environment is about initdb."""
    for name in list(os.environ):
        if name.startswith(_OURS):
            monkeypatch.delenv(name)
    folder = tmp_path / "project"
    folder.mkdir()
    environ = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    return Console(folder, environ)


@pytest.fixture
def toy(console: Console, database_url: str) -> Toy:
    """An application of three revisions and a seed in the console's folder, on either database."""
    return toy_project(console.folder, database_url)


@pytest.fixture
def sqlite_toy(console: Console, sqlite_url: str) -> Toy:
    """The same where the kind of database does not matter."""
    return toy_project(console.folder, sqlite_url)
