"""A second empty database beside the first, for plain Alembic."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.env_py.project import Project, project
from tests.support.postgres_server import PostgresServer


@pytest.fixture
def plain_url(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty database of the same kind as `database_url`."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'plain.db'}"
        return
    server: PostgresServer = request.getfixturevalue("server")
    name = f"plain_{uuid.uuid4().hex[:12]}"
    server.admin_execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy")
    yield make_url(database_url).set(database=name).render_as_string(hide_password=False)
    server.admin_execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def made(tmp_path: Path, database_url: str) -> Project:
    """Two revisions with the env.py of Alembic's generic template."""
    return project(tmp_path, database_url)
