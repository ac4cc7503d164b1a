"""What init_app does: by mode, by outcome, by what the process is for."""

from __future__ import annotations

import logging
import re
import threading
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, current_app
from sqlalchemy import Connection, Engine, QueuePool, insert, inspect, text

from initdb import DatabaseInitializer, MigrationRunner, Rule, init_app
from initdb.booting import loading
from tests.support.flask_app import journal, shop

FIRST_BOOT = [
    "journal_created",
    "run_started",
    "database_inspected",
    "schema_created",
    "seed_batch_applied",
    "health_validated",
]


def stock(connection: Connection) -> None:
    """Brings the first product in; asks the application for its name, as a seed in its context may."""
    tables = current_app.extensions["sqlalchemy"].metadata.tables
    connection.execute(insert(tables["product"]).values(name=f"{current_app.name}'s tea"))


def spoilt(connection: Connection) -> None:
    """A seed that fails."""
    raise ValueError("spoilt")


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


class TestMode:
    """Each process says what it does at boot."""

    def test_off_does_nothing(self, database_url: str, engine: Engine) -> None:
        made = shop(database_url, INITDB_MODE="off")
        init_app(made.app, made.db)
        assert inspect(engine).get_table_names() == []

    def test_check_exits_where_there_is_work(
        self, database_url: str, engine: Engine, capsys: pytest.CaptureFixture[str]
    ) -> None:
        made = shop(database_url, INITDB_MODE="check")
        with pytest.raises(SystemExit) as ended:
            init_app(made.app, made.db)
        assert ended.value.code == 3
        assert "error: pending-work" in capsys.readouterr().err
        assert inspect(engine).get_table_names() == []

    def test_check_serves_a_ready_database(self, database_url: str) -> None:
        made = shop(database_url)
        init_app(made.app, made.db)
        checking = shop(database_url, INITDB_MODE="check")
        assert init_app(checking.app, checking.db).test_client().get("/").status_code == 200

    def test_wait_serves_once_another_has_done_the_work(
        self, database_url: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        worker, waiter = shop(database_url), shop(database_url, INITDB_MODE="wait")
        waits = threading.Event()

        class Waiting(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                if record.getMessage().startswith("waiting"):
                    waits.set()

        def work() -> None:
            waits.wait(30)
            DatabaseInitializer(worker.app, worker.db).initialize()

        handler = Waiting()
        logging.getLogger("initdb").addHandler(handler)
        caplog.set_level(logging.INFO, "initdb")
        thread = threading.Thread(target=work)
        thread.start()
        try:
            init_app(waiter.app, waiter.db)
        finally:
            thread.join()
            logging.getLogger("initdb").removeHandler(handler)
        assert waiter.app.test_client().get("/").status_code == 200

    def test_wait_gives_up_at_its_limit(self, database_url: str, engine: Engine) -> None:
        made = shop(database_url, INITDB_MODE="wait", INITDB_WAIT_LIMIT=0)
        with pytest.raises(SystemExit) as ended:
            init_app(made.app, made.db)
        assert ended.value.code == 3
        assert inspect(engine).get_table_names() == []


class TestFailure:
    """What becomes of an application whose database is not ready."""

    def test_it_exits_with_the_rendered_error(
        self, database_url: str, engine: Engine, capsys: pytest.CaptureFixture[str]
    ) -> None:
        made = shop(database_url)
        with pytest.raises(SystemExit) as ended:
            init_app(made.app, made.db, seeds=[spoilt])
        error = capsys.readouterr().err
        assert ended.value.code == 1
        assert error.startswith("error: seed-callable-failed\n")
        assert "ValueError: spoilt" in error
        assert journal(engine)[-1] == "step_failed"

    def test_a_typing_error_in_the_configuration_exits_2(
        self, sqlite_url: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        made = shop(sqlite_url, INITDB_MOOD="work")
        with pytest.raises(SystemExit) as ended:
            init_app(made.app, made.db)
        error = capsys.readouterr().err
        assert ended.value.code == 2
        assert "INITDB_MOOD in app.config is no setting" in error
        assert "INITDB_MODE" in error

    def test_no_password_is_shown(self, capsys: pytest.CaptureFixture[str]) -> None:
        url = "postgresql+psycopg2://shop:s3cret-word@127.0.0.1:1/shop"
        made = shop(url, INITDB_WAIT_LIMIT=0)
        with pytest.raises(SystemExit):
            init_app(made.app, made.db)
        error = capsys.readouterr().err
        assert "error: connection-refused" in error
        assert "s3cret" not in error

    def test_so_configured_it_serves_503_with_the_reason(self, database_url: str) -> None:
        made = shop(database_url, INITDB_ON_FAILURE="serve-503")
        client = init_app(made.app, made.db, seeds=[spoilt]).test_client()
        plain = client.get("/", headers={"Accept": "text/html"})
        assert plain.status_code == 503
        assert plain.text == "503 Service Unavailable: seed-callable-failed\n\nA seed function failed.\n"
        assert int(plain.headers["Retry-After"]) > 0
        data = client.get("/nowhere", headers={"Accept": "application/json"})
        assert data.status_code == 503
        assert data.get_json() == {
            "status": 503,
            "reference": "seed-callable-failed",
            "message": "A seed function failed.",
        }

    def test_files_that_cannot_be_read_are_served_as_503_too(self, sqlite_url: str) -> None:
        made = shop(sqlite_url, INITDB_ON_FAILURE="serve-503", INITDB_SEEDS="nowhere")
        assert "seeds-not-found" in init_app(made.app, made.db).test_client().get("/").text

    def test_it_serves_as_soon_as_another_has_mended_it(
        self, database_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The database is looked at again, but not at every request."""
        monkeypatch.setattr("initdb.flask.unavailable.RETRY_AFTER", 0)
        made = shop(database_url, INITDB_ON_FAILURE="serve-503", INITDB_MODE="check")
        client = init_app(made.app, made.db).test_client()
        assert client.get("/").status_code == 503
        other = shop(database_url)
        assert DatabaseInitializer(other.app, other.db).initialize().success
        assert client.get("/").status_code == 200


def test_held_and_ahead_serve_or_exit(database_url: str, tmp_path: Path) -> None:
    """A reverted revision and one that this code does not know are no failure, unless so configured."""

    def boot(**config: Any) -> int | str | None:
        made = shop(
            database_url, migrations=tmp_path / "migrations", INITDB_SCHEMA_FROM="migrations", **config
        )
        try:
            init_app(made.app, made.db)
        except SystemExit as ended:
            return ended.code
        return 0

    made = shop(
        database_url, migrations=tmp_path / "migrations", INITDB_SCHEMA_FROM="migrations"
    ).with_revisions("r1", "r2")
    assert boot() == 0
    newest = (tmp_path / "migrations" / "versions" / "r2.py").read_text()
    (tmp_path / "migrations" / "versions" / "r2.py").unlink()
    assert (boot(), boot(INITDB_WHEN_AHEAD="exit")) == (0, 3)
    (tmp_path / "migrations" / "versions" / "r2.py").write_text(newest)
    assert MigrationRunner(made.app, made.db).rollback_migration("r2")
    assert (boot(), boot(INITDB_WHEN_HELD="exit")) == (0, 3)


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


class TestLog:
    """Who works, on which step and how far; a line for a change."""

    def test_the_steps_are_told(
        self, database_url: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
    ) -> None:
        caplog.set_level(logging.INFO, "initdb")
        made = shop(database_url, migrations=tmp_path / "migrations", INITDB_SCHEMA_FROM="migrations")
        made.with_revisions("r1", "r2")
        init_app(made.app, made.db, seeds=[stock])
        lines = [record.getMessage() for record in caplog.records if record.name == "initdb"]
        for expected in (
            r"began: first boot",
            r"migrate r1 \(1 of 2\)",
            r"applied revision r2 .*2 of 2",
            r"seeded .*stock",
            r"the database is ready \(\d+ ms\)",
        ):
            assert sum(bool(re.search(expected, line)) for line in lines) == 1, lines

    def test_a_ready_boot_says_nothing(self, database_url: str, caplog: pytest.LogCaptureFixture) -> None:
        made = shop(database_url)
        init_app(made.app, made.db)
        caplog.set_level(logging.INFO, "initdb")
        init_app(made.app, made.db)
        assert [record for record in caplog.records if record.name == "initdb"] == []

    def test_a_held_revision_is_a_warning(
        self, sqlite_url: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
    ) -> None:
        made = shop(
            sqlite_url, migrations=tmp_path / "migrations", INITDB_SCHEMA_FROM="migrations"
        ).with_revisions("r1", "r2")
        init_app(made.app, made.db)
        MigrationRunner(made.app, made.db).rollback_migration("r2")
        init_app(made.app, made.db)
        warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
        assert any("held" in line for line in warned), warned


def test_a_db_of_another_application_is_named(sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The error says which application the db does not belong to."""
    stranger = Flask("stranger")
    with pytest.raises(SystemExit) as ended:
        init_app(stranger, shop(sqlite_url).db)
    assert ended.value.code == 2
    assert "stranger" in capsys.readouterr().err


def test_waiting_for_another_is_told_once_a_change(sqlite_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """While one works and does not get further, the other writes one line, with its name and step."""
    caplog.set_level(logging.INFO, "initdb")
    go_on, begun = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        begun.set()
        go_on.wait(30)
        stock(connection)

    first, second = shop(sqlite_url), shop(sqlite_url)
    thread = threading.Thread(target=lambda: init_app(first.app, first.db, seeds=[slow]))
    thread.start()
    begun.wait(30)
    timer = threading.Timer(1.5, go_on.set)
    timer.start()
    init_app(second.app, second.db, seeds=[slow])
    thread.join()
    waited = [
        line for line in map(logging.LogRecord.getMessage, caplog.records) if line.startswith("waiting")
    ]
    assert 1 <= len(waited) <= 2, waited
    assert re.search(
        r"waiting: shop on \S+ \(process \d+\) is at work on seed; last: created 1 table", waited[0]
    )
