"""A ready application on either database that is to be backed up before its next change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.backups.kept import PG_DUMP, Kept
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy


@pytest.fixture
def kept(tmp_path: Path, database_url: str, request: pytest.FixtureRequest) -> Kept:
    """Ready at three revisions, with a fourth one that is pending; its backups have a folder of their own."""
    if database_url.startswith("postgresql"):
        request.getfixturevalue("pg_dump")
    return _ready(tmp_path, database_url)


@pytest.fixture
def kept_file(tmp_path: Path, sqlite_url: str) -> Kept:
    """The same on SQLite alone."""
    return _ready(tmp_path, sqlite_url)


@pytest.fixture
def kept_server(tmp_path: Path, postgresql_url: str, pg_dump: None) -> Kept:
    """The same on PostgreSQL alone."""
    return _ready(tmp_path, postgresql_url)


@pytest.fixture
def pg_dump(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs of the server are in PATH."""
    monkeypatch.setenv("PATH", f"{server.bin}{os.pathsep}{os.environ['PATH']}")


def _ready(folder: Path, url: str) -> Kept:
    options = {"backup": "before-changes", "backup_folder": str(folder / "kept"), "schema_from": "migrations"}
    if url.startswith("postgresql"):
        options["backup_command"] = PG_DUMP
    kept = Kept(Toy(folder, url, options=options).with_revisions().with_seeds(), folder / "kept")
    assert kept.toy.initializer().initialize().success
    kept.toy.revision(4, "    op.execute(\"UPDATE t2 SET name = name || '!'\")", "    pass")
    return kept
