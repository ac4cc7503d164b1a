"""The person, the folder and the applications of the tests of commands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import make_url

from tests.cli.conftest import console, sqlite_toy, toy
from tests.cli.console import Console, toy_project
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy

__all__ = ["console", "sqlite_toy", "toy"]


@pytest.fixture
def pg(console: Console, postgresql_url: str) -> Toy:
    """The toy on PostgreSQL, as superuser."""
    return toy_project(console.folder, postgresql_url)


@pytest.fixture
def role(server: PostgresServer, pg: Toy) -> Iterator[str]:
    """A role that owns nothing."""
    database = make_url(pg.url).database or ""
    name = f"{database}_app"
    server.admin_execute(f'CREATE ROLE "{name}" LOGIN')
    yield name
    server.admin_execute(f'REASSIGN OWNED BY "{name}" TO postgres; DROP OWNED BY "{name}"', database=database)
    server.admin_execute(f'ALTER DATABASE "{database}" OWNER TO postgres')
    server.admin_execute(f'DROP OWNED BY "{name}"; DROP ROLE "{name}"')


@pytest.fixture
def owner(server: PostgresServer, pg: Toy, role: str) -> str:
    """The same role, which owns the database."""
    server.admin_execute(f'ALTER DATABASE "{make_url(pg.url).database}" OWNER TO "{role}"')
    return role


def as_role(toy: Toy, role: str) -> str:
    """The URL of the toy's database with another role."""
    return make_url(toy.url).set(username=role).render_as_string(hide_password=False)
