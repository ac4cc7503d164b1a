"""A database with the role of a neighbour in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import make_url

from tests.support.postgres_server import PostgresServer
from tests.trust.neighbour import Place, make_roles


@pytest.fixture
def place(server: PostgresServer, postgresql_url: str) -> Iterator[Place]:
    """The database, with its roles."""
    database = str(make_url(postgresql_url).database)
    roles = make_roles(server, database)
    yield Place(server, database, roles)
    server.admin_execute(f"ALTER DATABASE {database} OWNER TO postgres")
    for role in (roles.neighbour, roles.owner, roles.small):
        server.admin_execute(f"DROP OWNED BY {role} CASCADE", database=database)
        server.admin_execute(f"DROP ROLE {role}")


@pytest.fixture(params=["superuser", "owner", "small"])
def role(request: pytest.FixtureRequest, place: Place) -> str:
    """The role that boots: each of three."""
    known = {"superuser": "postgres", "owner": place.roles.owner, "small": place.roles.small}
    return known[request.param]
