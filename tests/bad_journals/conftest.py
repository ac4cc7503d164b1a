"""A person in the folder of an application with a ready database."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bad_journals.owner import Owner, append_entry
from tests.cli.console import Console, toy_project
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy


@pytest.fixture(scope="session")
def ready_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database that is ready, to be copied."""
    folder = tmp_path_factory.mktemp("ready")
    _make_ready(folder, f"sqlite:///{folder / 'ready.db'}")
    return folder / "ready.db"


@pytest.fixture(scope="session")
def ready_database(
    _session_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The name of a PostgreSQL database that is ready, to be copied."""
    name = f"ready_{uuid.uuid4().hex[:12]}"
    _session_server.admin_execute(f"CREATE DATABASE {name}")
    _make_ready(tmp_path_factory.mktemp("ready"), _session_server.url(name))
    yield name
    _session_server.admin_execute(f"DROP DATABASE {name}")


def _make_ready(folder: Path, url: str) -> None:
    toy = toy_project(folder, url)
    result = toy.initializer(application="toy").initialize()
    assert result.success, result.errors
    for _ in range(3):
        # Entries after the snapshot: what is before it is read by `journal verify` alone.
        append_entry(toy)


@pytest.fixture
def template(request: pytest.FixtureRequest) -> str:
    """An owner's database is ready from the start."""
    owned = "owner" in request.fixturenames
    return str(request.getfixturevalue("ready_database")) if owned else "template0"


@pytest.fixture
def owner(tmp_path: Path, database_url: str, request: pytest.FixtureRequest) -> Owner:
    """Three tables, three revisions, one seed file; ready."""
    folder = tmp_path / "project"
    folder.mkdir()
    environ = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    toy = toy_project(folder, database_url)
    toy.options["application"] = "toy"
    return Owner(toy, Console(folder, environ), _fill(toy, request))


def _fill(toy: Toy, request: pytest.FixtureRequest) -> Path | None:
    """Make the database a copy of one that is ready; gives the folder of PostgreSQL's programs."""
    if toy.url.startswith("sqlite"):
        shutil.copy(request.getfixturevalue("ready_file"), toy.url.removeprefix("sqlite:///"))
        return None
    server: PostgresServer = request.getfixturevalue("server")
    return server.bin
