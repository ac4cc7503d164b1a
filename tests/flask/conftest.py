"""Applications in the test's process, and one on disk for servers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.flask_site import FlaskSite


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tester's own settings do not reach the applications."""
    for name in list(os.environ):
        if name.startswith(("INITDB_", "FLASK_", "WERKZEUG_")) or name == "DATABASE_URL":
            monkeypatch.delenv(name)


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> FlaskSite:
    """An application on disk, on an empty database of each kind."""
    folder = tmp_path / "site"
    folder.mkdir()
    return FlaskSite(folder, database_url)


@pytest.fixture
def sqlite_site(tmp_path: Path, sqlite_url: str) -> FlaskSite:
    """The same on SQLite alone."""
    folder = tmp_path / "site"
    folder.mkdir()
    return FlaskSite(folder, sqlite_url)
