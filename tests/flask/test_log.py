"""What a boot logs: which process works, on which step and how far; one line for each change."""

from __future__ import annotations

import logging
import re
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection

from initdb import MigrationRunner, init_app
from tests.support.flask_app import shop, stock


def test_the_steps_are_told(database_url: str, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
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


def test_a_ready_boot_says_nothing(database_url: str, caplog: pytest.LogCaptureFixture) -> None:
    made = shop(database_url)
    init_app(made.app, made.db)
    caplog.set_level(logging.INFO, "initdb")
    init_app(made.app, made.db)
    assert [record for record in caplog.records if record.name == "initdb"] == []


def test_a_held_revision_is_a_warning(
    sqlite_url: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    made = shop(
        sqlite_url, migrations=tmp_path / "migrations", INITDB_SCHEMA_FROM="migrations"
    ).with_revisions("r1", "r2")
    init_app(made.app, made.db)
    MigrationRunner(made.app, made.db).rollback_migration("r2")
    init_app(made.app, made.db)
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert any("held" in line for line in warned), warned


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
