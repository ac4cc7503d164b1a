"""What the outages share: an application without a run, and servers that a test may break."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from initdb.events.entry import Entry
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy, migrated


def outages(entries: list[Entry]) -> list[dict[str, Any]]:
    """What the journal says about outages."""
    return [dict(one.data) for one in entries if one.type == "outage"]


def database_of(toy: Toy) -> str:
    """The name of its database."""
    return make_url(toy.url).database or ""


@pytest.fixture
def toy(tmp_path: Path, database_url: str) -> Toy:
    """An application on each database."""
    return migrated(tmp_path, database_url)


@pytest.fixture
def postgresql_toy(tmp_path: Path, postgresql_url: str) -> Toy:
    """The same on PostgreSQL."""
    return migrated(tmp_path, postgresql_url)


@pytest.fixture
def sqlite_toy(tmp_path: Path, sqlite_url: str) -> Toy:
    """The same on SQLite."""
    return migrated(tmp_path, sqlite_url)


@pytest.fixture(scope="package")
def small_server() -> Iterator[PostgresServer]:
    """A server of ten connections, of which it keeps three for superusers; a role `app` that is none."""
    server = PostgresServer({"max_connections": "10"})
    server.admin_execute("CREATE ROLE app LOGIN")
    yield server
    server.remove()


@pytest.fixture
def small_toy(tmp_path: Path, small_server: PostgresServer) -> Iterator[Toy]:
    """The same in a new database of `app`'s, on the small server."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    small_server.admin_execute(f"CREATE DATABASE {name} OWNER app TEMPLATE template0 STRATEGY file_copy")
    yield migrated(tmp_path, small_server.url(name, user="app"))
    small_server.admin_execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
