"""A database that cannot be reached is a finding, within seconds; a boot would wait for minutes."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import make_url

from initdb.doctor import database, haste
from tests.cli.console import Console
from tests.doctor.conftest import as_role
from tests.doctor.examined import examine
from tests.support.flask_site import FlaskSite
from tests.support.postgres_server import PostgresServer, free_port
from tests.support.toy import Toy


@pytest.fixture(autouse=True)
def _soon() -> Iterator[None]:
    """Each of them."""
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < 60


def test_nobody_listens(console: Console, pg: Toy) -> None:
    """Nothing waits, as a boot would."""
    found = examine(console, "--database-url", f"postgresql://app@127.0.0.1:{free_port()}/shop")
    assert found.says("problem", "refused the connection")


def test_a_host_that_is_none(console: Console, pg: Toy) -> None:
    """The password is not printed."""
    done = console("doctor", "--json", "--database-url", "postgresql://app:hunter2@nowhere.invalid/shop")
    assert done.exit_code == 1
    assert "cannot be resolved" in done.stdout
    assert "hunter2" not in done.output


def test_a_server_that_does_not_answer(console: Console, pg: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the connection and says nothing: libpq is told to give up."""
    monkeypatch.setattr(haste, "CONNECTING", "2")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        found = examine(console, "--database-url", f"postgresql://app@127.0.0.1:{port}/shop")
    assert len(found.problems) == 1
    assert "PGCONNECT_TIMEOUT" not in os.environ


def test_a_server_that_stops_in_the_middle(
    console: Console, pg: Toy, server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session is there, and its process is stopped: that is given up too."""
    monkeypatch.setattr(database, "DEADLINE", 1.0)
    stopped: list[int] = []
    gather = database.gather_server

    def stopping(engine: object, connection: object, *more: object) -> object:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()  # type: ignore[attr-defined]
        stopped.append(pid)
        os.kill(pid, signal.SIGSTOP)
        return gather(engine, connection, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(database, "gather_server", stopping)
    try:
        found = examine(console)
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    (problem,) = found.problems
    assert "does not answer within 1 s" in problem


def test_a_role_that_is_none(console: Console, pg: Toy) -> None:
    """By its name."""
    found = examine(console, "--database-url", as_role(pg, "nobody_at_all"))
    assert found.says("problem", "nobody_at_all")


def test_a_wrong_password(console: Console, pg: Toy, server: PostgresServer) -> None:
    """The right one, as the fix says, and it is gone."""
    server.create_password_role("keeper", "right")
    try:
        for password, wrong in (("hunter2", True), ("right", False)):
            url = make_url(as_role(pg, "keeper")).set(password=password).render_as_string(hide_password=False)
            found = examine(console, "--database-url", url)
            assert found.says("problem", "did not accept the credentials") is wrong
            assert "hunter2" not in str(found.data)
    finally:
        server.admin_execute("DROP ROLE keeper")


def test_a_database_that_is_missing(console: Console, pg: Toy, server: PostgresServer) -> None:
    """It is not created. A name like it is offered, and the fix creates it."""
    name = make_url(pg.url).database or ""
    missing = f"{name[:-1]}_"
    words = ("--database-url", make_url(pg.url).set(database=missing).render_as_string(hide_password=False))
    found = examine(console, *words)
    assert found.says("problem", f"There is no database {missing}")
    assert "--create-database yes" in found.fix("There is no database")
    known = server.admin_execute(f"SELECT 1 FROM pg_database WHERE datname = '{missing}'")
    assert known == []
    assert examine(console, *words, "--create-database", "yes").says("warning", "The next run creates it.")
    try:
        assert console("run", *words, "--create-database", "yes").exit_code == 0
        assert examine(console, *words).problems == []
    finally:
        server.admin_execute(f"DROP DATABASE IF EXISTS {missing} WITH (FORCE)")


def test_a_role_that_may_not_create_it(console: Console, pg: Toy, role: str, server: PostgresServer) -> None:
    """Then a superuser has to; the fix, typed by one, makes the database of this role."""
    missing = f"{make_url(pg.url).database}_new"
    words = (
        "--database-url",
        make_url(as_role(pg, role)).set(database=missing).render_as_string(hide_password=False),
    )
    found = examine(console, *words)
    assert found.says("problem", f"{role} may not create databases.")
    try:
        for statement in found.sql("may not create databases"):
            server.admin_execute(statement)
        assert examine(console, *words).problems == []
    finally:
        server.admin_execute(f"DROP DATABASE IF EXISTS {missing} WITH (FORCE)")


def test_a_lock_on_the_journal(console: Console, pg: Toy) -> None:
    """Somebody has locked its table: it is not waited for."""
    assert console("run").exit_code == 0
    engine = pg.engine()
    with engine.connect() as connection:
        connection.exec_driver_sql("LOCK TABLE init_journal IN ACCESS EXCLUSIVE MODE")
        found = examine(console)
    engine.dispose()
    assert len(found.problems) == 1
    assert examine(console).problems == []


def test_with_flask(tmp_path_factory: pytest.TempPathFactory, pg: Toy) -> None:
    """The application's own engine has no limit of time. Its URL counts, and no variable."""
    folder = tmp_path_factory.mktemp("site")
    flask = ("flask", "--app", "site_app:create_app", "initdb", "doctor")
    site = FlaskSite(folder, pg.url)
    done = site.run(*flask, DATABASE_URL="postgresql://app:hunter2@elsewhere/shop")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "database_url is the application's own: postgresql+psycopg2://" in done.stdout
    assert "DATABASE_URL (postgresql://app@elsewhere/shop) is not read" in done.stdout
    assert "hunter2" not in done.stdout
    assert site.tables() == []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"postgresql+psycopg2://app@127.0.0.1:{listening.getsockname()[1]}/shop"
        done = FlaskSite(folder, url).run(*flask)
    assert done.returncode == 1
    assert "flask --app site_app:create_app initdb" in done.stdout
