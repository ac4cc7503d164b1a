"""What a boot does in each `mode`."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, inspect

from initdb import DatabaseInitializer, MigrationRunner, init_app
from tests.support.flask_app import shop


def test_off_does_nothing(database_url: str, engine: Engine) -> None:
    made = shop(database_url, INITDB_MODE="off")
    init_app(made.app, made.db)
    assert inspect(engine).get_table_names() == []


def test_check_exits_where_there_is_work(
    database_url: str, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    made = shop(database_url, INITDB_MODE="check")
    with pytest.raises(SystemExit) as ended:
        init_app(made.app, made.db)
    assert ended.value.code == 3
    assert "error: pending-work" in capsys.readouterr().err
    assert inspect(engine).get_table_names() == []


def test_check_serves_a_ready_database(database_url: str) -> None:
    made = shop(database_url)
    init_app(made.app, made.db)
    checking = shop(database_url, INITDB_MODE="check")
    assert init_app(checking.app, checking.db).test_client().get("/").status_code == 200


def test_wait_serves_once_another_has_done_the_work(
    database_url: str, caplog: pytest.LogCaptureFixture
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


def test_wait_gives_up_at_its_limit(database_url: str, engine: Engine) -> None:
    made = shop(database_url, INITDB_MODE="wait", INITDB_WAIT_LIMIT=0)
    with pytest.raises(SystemExit) as ended:
        init_app(made.app, made.db)
    assert ended.value.code == 3
    assert inspect(engine).get_table_names() == []


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
