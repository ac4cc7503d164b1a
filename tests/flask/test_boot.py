"""What init_app does with and without work to do."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, QueuePool, inspect, text

from initdb import DatabaseInitializer, Rule, init_app
from initdb.booting import loading
from tests.support.flask_app import journal, shop, stock

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
