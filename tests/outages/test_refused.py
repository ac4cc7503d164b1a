"""The server runs, but does not let this process in for a while."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from sqlalchemy import make_url

from initdb.steps.engines import make
from tests.outages.conftest import database_of, outages
from tests.support.boot import Boot, Gate
from tests.support.postgres_server import SUPERUSER, PostgresServer
from tests.support.settled import assert_settled
from tests.support.toy import Toy

NO_ROOM = ("too-many-connections", "too-few-connections")
"""Which of them depends on how soon the server has noticed that the connection before was closed."""


def _got_through(boot: Boot, toy: Toy, *references: str) -> None:
    """It ended ready, and recorded one outage."""
    boot.is_ready()
    (outage,) = outages(assert_settled(toy))
    assert outage["reference"] in references


@pytest.mark.parametrize(("whose", "limit"), [("DATABASE {}", 0), ("ROLE app", 1), ("ROLE app", 2)])
def test_a_limit_of_connections(small_server: PostgresServer, small_toy: Toy, whose: str, limit: int) -> None:
    """None at all, none for the work beside the baton, or none for env.py beside both: it waits."""
    limited = f"ALTER {whose.format(database_of(small_toy))} CONNECTION LIMIT"
    small_server.admin_execute(f"{limited} {limit}")
    try:
        boot = Boot(small_toy)
        assert boot.waits("connection")
    finally:
        small_server.admin_execute(f"{limited} -1")
    _got_through(boot, small_toy, *NO_ROOM)


@contextlib.contextmanager
def _connected(server: PostgresServer) -> Iterator[Any]:
    """A connection of another program."""
    other = psycopg2.connect(host=str(server.folder), port=server.port, user=SUPERUSER)
    with contextlib.closing(other):
        yield other


def test_a_server_without_connections(small_server: PostgresServer, small_toy: Toy) -> None:
    """No connection is left; then only reserved ones, one for the baton, two without one for env.py."""
    with contextlib.ExitStack() as all_taken:
        taken = [all_taken.enter_context(_connected(small_server)) for _ in range(10)]
        boot = Boot(small_toy)
        for words, free in (
            ("The server has no connection left", 3),
            ("reserved", 1),
            ("needs two", 1),
            ("env.py", 5),
        ):
            assert boot.waits(words), boot.said
            for _ in range(free):
                taken.pop().close()
        boot.is_ready()
    told = outages(assert_settled(small_toy))
    assert [one["reference"] for one in told] == ["too-many-connections"] * 2, "ours, and env.py's"
    assert told[0]["count"] >= 3


def test_a_step_that_gets_no_connection_in_time(small_server: PostgresServer, small_toy: Toy) -> None:
    """env.py's own: after wait_limit it is the step's failure, which can pass; the journal records it."""
    small_server.admin_execute("ALTER ROLE app CONNECTION LIMIT 2")
    try:
        outcome = Boot(small_toy, wait_limit="100ms").end()
    finally:
        small_server.admin_execute("ALTER ROLE app CONNECTION LIMIT -1")
    assert outcome.error is not None and outcome.error.reference == "too-many-connections"
    assert outcome.error.passing
    assert small_toy.types()[-1] == "step_failed"
    assert small_toy.initializer().verdict().retry_in is not None


def test_a_database_that_is_closed(server: PostgresServer, postgresql_toy: Toy) -> None:
    """ALLOW_CONNECTIONS false keeps even superusers out: it waits until that is undone."""
    name = database_of(postgresql_toy)
    server.admin_execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    boot = Boot(postgresql_toy)
    try:
        assert boot.waits("accepts no connections to this database")
    finally:
        server.admin_execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    _got_through(boot, postgresql_toy, "database-closed")


@contextlib.contextmanager
def _refusing(server: PostgresServer, how: str) -> Iterator[None]:
    """The server does not let `app` in: by pg_hba.conf, or by its role; its sessions are ended."""
    rules = server.data / "pg_hba.conf"
    before = rules.read_text()
    if how == "pg_hba":
        rules.write_text("local all app reject\n" + before)
        server.reload()
    else:
        server.admin_execute("ALTER ROLE app NOLOGIN")
    server.admin_execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'app'")
    try:
        yield
    finally:
        rules.write_text(before)
        server.reload()
        server.admin_execute("ALTER ROLE app LOGIN")


@pytest.mark.parametrize("how", ["pg_hba", "role"])
def test_credentials_that_are_refused_at_first(
    small_server: PostgresServer, small_toy: Toy, how: str
) -> None:
    """No waiting: repeated attempts lock accounts, and the password may stay wrong."""
    with _refusing(small_server, how):
        boot = Boot(small_toy)
        outcome = boot.end()
    assert outcome.error is not None and outcome.error.reference == "authentication-failed"
    assert not boot.said
    assert "login-paused" in small_toy.initializer().initialize().errors[0]
    assert small_toy.initializer(login_pause="0").initialize().success
    assert not outages(assert_settled(small_toy))


def test_credentials_that_are_refused_in_the_middle(small_server: PostgresServer, small_toy: Toy) -> None:
    """They were good a moment ago: it waits."""
    small_toy.options["login_pause"] = "100ms"
    gate = Gate(small_toy)
    boot = Boot(small_toy)
    assert gate.reached()
    with _refusing(small_server, "pg_hba"):
        gate.open()
        assert boot.waits("credentials")
    _got_through(boot, small_toy, "authentication-failed")


def test_a_database_that_does_not_exist(server: PostgresServer, postgresql_toy: Toy) -> None:
    """A boot that nobody watches does not create it, unless the setting says so."""
    name = make_url(postgresql_toy.url).database
    server.admin_execute(f"DROP DATABASE {name}")
    boot = Boot(postgresql_toy)
    outcome = boot.end()
    assert outcome.error is not None and outcome.error.reference == "unknown-database"
    assert not boot.said
    assert not server.admin_execute(f"SELECT 1 FROM pg_database WHERE datname = '{name}'")
    assert postgresql_toy.initializer(create_database="yes").initialize().success
    assert "database_created" in postgresql_toy.types()
    assert not outages(assert_settled(postgresql_toy))


def test_a_host_that_has_no_address(
    server: PostgresServer, postgresql_toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Name resolution fails for a while: libpq resolves the host at every attempt, and so does a boot."""
    service = tmp_path / "service.conf"
    monkeypatch.setenv("PGSERVICEFILE", str(service))
    words = f"[shop]\nport={server.port}\nuser={SUPERUSER}\nhost="
    service.write_text(f"{words}initdb-outage.invalid\n")
    url = f"postgresql+psycopg2:///{database_of(postgresql_toy)}?service=shop"
    toy = Toy(tmp_path, url, options=postgresql_toy.options)
    boot = Boot(toy)
    assert boot.waits("The host name is not known")
    service.write_text(f"{words}{server.folder}\n")
    _got_through(boot, toy, "host-not-found")


def test_a_server_that_does_not_answer(
    server: PostgresServer, postgresql_toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It accepts the connection and says nothing: each attempt ends after a while."""
    toy = postgresql_toy
    monkeypatch.setattr(make, "CONNECT_TIMEOUT", 2)
    os.kill(server.pid, signal.SIGSTOP)
    try:
        boot = Boot(toy)
        assert boot.waits("did not answer in time"), boot.said
    finally:
        os.kill(server.pid, signal.SIGCONT)
    _got_through(boot, toy, "connection-timeout")
