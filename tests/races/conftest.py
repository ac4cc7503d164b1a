"""What the races share: an application that has done nothing yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.toy import Toy


@pytest.fixture
def toy(tmp_path: Path, database_url: str) -> Toy:
    """Three revisions that make a table each, one seed file; nothing done yet."""
    return _made(tmp_path, database_url)


@pytest.fixture
def postgresql_toy(tmp_path: Path, postgresql_url: str) -> Toy:
    """The same on PostgreSQL."""
    return _made(tmp_path, postgresql_url)


@pytest.fixture
def sqlite_toy(tmp_path: Path, sqlite_url: str) -> Toy:
    """The same on SQLite."""
    return _made(tmp_path, sqlite_url)


def _made(folder: Path, url: str) -> Toy:
    toy = Toy(folder, url, options={"schema_from": "migrations"})
    return toy.with_revisions().with_seeds()
