"""What init_app does with and without work to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, QueuePool, inspect, make_url, text

from initdb import DatabaseInitializer, Rule, init_app
from initdb.booting import loading
from tests.cli.terminal import on_terminal
from tests.support.flask_app import journal, shop, stock
from tests.support.flask_site import FlaskSite, free_port
from tests.support.postgres_server import PostgresServer

FIRST_BOOT = [
    "journal_created",
    "run_started",
    "database_inspected",
    "schema_created",
    "seed_batch_applied",
    "health_validated",
]


def test_an_empty_database_becomes_ready_and_serves(database_url: str, engine: Engine) -> None:
    """init_app gives the application back; schema, seeds and journal are there."""
    made = shop(database_url)
    assert init_app(made.app, made.db, seeds=[stock]) is made.app
    assert made.app.test_client().get("/").text == "shop's tea"
    assert journal(engine) == FIRST_BOOT


def test_a_ready_database_is_left_alone(database_url: str, engine: Engine) -> None:
    """A second boot, and a second init_app of one application, write nothing."""
    first = shop(database_url)
    for made in (first, first, shop(database_url)):
        init_app(made.app, made.db, seeds=[stock])
    assert journal(engine) == FIRST_BOOT


def test_no_connection_outlives_the_boot(database_url: str, engine: Engine) -> None:
    """Neither in the application's pool nor at the server."""
    made = shop(database_url)
    init_app(made.app, made.db, seeds=[stock])
    with made.app.app_context():
        pool = made.db.engine.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedout() == 0
    assert [
        slot.dbapi_connection
        for slot in pool._pool.queue  # type: ignore[attr-defined]
        if slot.dbapi_connection
    ] == []
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            others = (
                "datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            assert connection.scalar(text(f"SELECT count(*) FROM pg_stat_activity WHERE {others}")) == 0


def test_a_missing_database_is_not_created_without_a_word(
    server: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A server does not ask. The setting lets it create the database, and it says so first."""
    url = make_url(server.url("postgres")).set(database="of_no_shop").render_as_string(hide_password=False)
    made = shop(url)
    with pytest.raises(SystemExit):
        init_app(made.app, made.db)
    said = capsys.readouterr().err
    assert "of_no_shop on " in said and "INITDB_CREATE_DATABASE=yes" in said
    monkeypatch.setenv("INITDB_CREATE_DATABASE", "yes")
    try:
        with caplog.at_level("INFO", logger="initdb"):
            init_app(made.app, made.db)
        first, second, *others = (record.getMessage() for record in caplog.records)
        assert first.startswith("creating the database of_no_shop on ")
        assert second.startswith("the journal was created")
        assert not [line for line in others if "waiting" in line]
    finally:
        server.admin_execute("DROP DATABASE IF EXISTS of_no_shop WITH (FORCE)")


def test_flask_run_asks_the_person_at_the_terminal(server: PostgresServer, tmp_path: Path) -> None:
    """With a reloader too, whose child is asked."""
    folder = tmp_path / "site"
    folder.mkdir()
    url = make_url(server.url("postgres")).set(database="of_no_site").render_as_string(hide_password=False)
    site = FlaskSite(folder, url)
    words = ["--app", "site_app", "--debug", "run", "--port", str(free_port())]
    code, shown = on_terminal(words, folder, site.environment(), {"Create it? [y/N]": ""}, module="flask")
    assert code == 1 and "There is no database of_no_site on " in shown and "unknown-database" in shown


class TestQuiet:
    """A boot inside something that does not serve, or inside another boot, does nothing."""

    def test_under_a_command_that_loads_the_application(self, database_url: str, engine: Engine) -> None:
        made = shop(database_url)
        with loading():
            init_app(made.app, made.db, seeds=[stock])
        assert inspect(engine).get_table_names() == []

    def test_what_it_was_given_is_known_to_that_command(self, database_url: str, engine: Engine) -> None:
        """Seeds and rules handed to init_app are part of the work that a command does."""
        made = shop(database_url)
        with loading():
            init_app(made.app, made.db, seeds=[stock], rules=(Rule("never", lambda connection: ["no"]),))
        result = DatabaseInitializer(made.app, made.db).initialize()
        assert "seed_batch_applied" in journal(engine)
        assert not result.success

    def test_an_env_py_that_makes_the_application_again(self, database_url: str, tmp_path: Path) -> None:
        """It would wait for the very process that it is in."""
        calls = []

        def again() -> None:
            calls.append(1)
            twin = shop(database_url)
            init_app(twin.app, twin.db)

        made = shop(database_url, migrations=tmp_path / "migrations", INITDB_SCHEMA_FROM="migrations")
        made.with_revisions("r1")
        made.app.extensions["again"] = again
        env = tmp_path / "migrations" / "env.py"
        env.write_text("from flask import current_app\ncurrent_app.extensions['again']()\n" + env.read_text())
        init_app(made.app, made.db)
        assert calls
