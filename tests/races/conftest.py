"""What the races share: an application without a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.toy import Toy, migrated


@pytest.fixture
def toy(tmp_path: Path, database_url: str) -> Toy:
    """Three revisions that make a table each, one seed file; nothing done yet."""
    return migrated(tmp_path, database_url)


@pytest.fixture
def postgresql_toy(tmp_path: Path, postgresql_url: str) -> Toy:
    """The same on PostgreSQL."""
    return migrated(tmp_path, postgresql_url)


@pytest.fixture
def sqlite_toy(tmp_path: Path, sqlite_url: str) -> Toy:
    """The same on SQLite."""
    return migrated(tmp_path, sqlite_url)
