"""A server that does not let this role in, or into this database."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import make_url

from initdb.steps import connect
from tests.fixes.claims import fixes
from tests.fixes.conftest import with_server
from tests.fixes.person import Person
from tests.fixes.scenes import as_app, set_to
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy

RUN = "initdb run --wait-limit 0"


@pytest.fixture
def database_url(postgresql_url: str) -> str:
    """Always a server."""
    return postgresql_url


@fixes("database-closed")
def test_a_closed_database(person: Person, server: PostgresServer, toy: Toy) -> None:
    """The printed statement opens it."""
    server.admin_execute(f"ALTER DATABASE {make_url(toy.url).database} ALLOW_CONNECTIONS false")
    person.fails(RUN, "database-closed")
    with_server(person, server, server.url())
    assert "|f" in person.looks()[0].stdout
    person.follows("ALTER DATABASE")
    person.runs("initdb run")


@fixes("too-many-connections", "too-few-connections")
def test_limits_of_connections(person: Person, server: PostgresServer, toy: Toy, app: str) -> None:
    """Each printed statement raises the limit."""
    as_app(person, toy)
    server.admin_execute('ALTER ROLE "shop app" CONNECTION LIMIT 0')
    person.fails(RUN, "too-many-connections")
    assert person.looks()
    server.admin_execute('ALTER ROLE "shop app" CONNECTION LIMIT 1')
    person.fails(RUN, "too-few-connections")
    assert person.looks()
    person.follows("ALTER ROLE", "initdb run")


@fixes("login-paused")
def test_a_password_that_was_wrong(person: Person, server: PostgresServer, toy: Toy, app: str) -> None:
    """It is set on the server; boots would wait for a while, the printed command does not."""
    as_app(person, toy, password="wrong")
    person.type(RUN)
    person.fails(RUN, "login-paused")
    server.admin_execute("ALTER ROLE \"shop app\" PASSWORD 'wrong'")
    person.fails(RUN, "login-paused")
    person.follows("initdb resume")
    person.runs(RUN)


@fixes("authentication-failed")
def test_a_wrong_password(person: Person, toy: Toy, app: str) -> None:
    """psql asks for it and refuses it too; the one that psql takes is put into the environment."""
    as_app(person, toy, password="wrong")
    person.fails(RUN, "authentication-failed")
    asked = f"setsid --wait {person.printed('psql -W')} -c 'SELECT 1'"
    assert "authentication failed" in person.shell(asked, "wrong\n").stderr
    assert person.shell(asked, "right\n").code == 0
    person.environ["PGPASSWORD"] = "right"
    person.follows("initdb run")


@fixes("unknown-database")
@pytest.mark.parametrize("how", ["SQL", "createdb"])
def test_a_database_that_is_not_there(
    person: Person, server: PostgresServer, toy: Toy, app: str, how: str
) -> None:
    """An administrator creates it by the printed statement, or by the printed command."""
    as_app(person, toy, database="the shop")
    person.fails(RUN, "unknown-database")
    assert "postgres" in person.runs(person.printed("psql -l")).stdout
    with_server(person, server, server.url())
    if how == "SQL":
        person.follows("CREATE DATABASE", "initdb run")
    else:
        person.environ |= {"PGHOST": str(server.folder), "PGPORT": str(server.port), "PGUSER": "postgres"}
        person.follows("createdb -O")
        for name in ("PGHOST", "PGPORT", "PGUSER"):
            del person.environ[name]
        person.follows("initdb run")
    server.admin_execute('DROP DATABASE "the shop"')


@fixes("unknown-database")
def test_a_database_that_may_be_created(person: Person, server: PostgresServer, toy: Toy) -> None:
    """By the option that is printed."""
    url = make_url(toy.url).set(database="another shop").render_as_string(hide_password=False)
    set_to(person, "database_url", json.dumps(url))
    person.fails(RUN, "unknown-database")
    person.follows("initdb run --create-database yes")
    server.admin_execute('DROP DATABASE "another shop"')


@fixes("pending-work")
def test_a_role_that_only_reads(person: Person, server: PostgresServer, toy: Toy, app: str) -> None:
    """The printed statement lets it write."""
    as_app(person, toy)
    server.admin_execute('ALTER ROLE "shop app" SET default_transaction_read_only = on')
    person.fails(RUN, "pending-work")
    person.looks()
    person.follows("ALTER ROLE", "initdb run")


@fixes("postgresql-too-old")
def test_an_old_server(person: Person, toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one, which is new enough, is named."""
    with monkeypatch.context() as patch:
        patch.setattr(connect, "OLDEST_POSTGRESQL", (99,))
        person.fails(RUN, "postgresql-too-old")
        assert "PostgreSQL" in person.looks()[0].stdout
    person.follows("initdb run")
