"""The log of refusals and findings, as commands write it to `initdb.security` and to a file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from initdb.statemachine.security import logger
from tests.cli.console import Console
from tests.support.toy import Toy


@pytest.fixture(autouse=True)
def _handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test adds to the logger ends with it."""
    monkeypatch.setattr(logger, "handlers", list(logger.handlers))
    monkeypatch.setattr(logger, "level", logger.level)


def lines(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_commands(console: Console, sqlite_toy: Toy) -> None:
    """A refused order, an order, and each finding of verify, once each; the file is its owner's."""
    file = console.folder / "security.jsonl"
    console.environ["INITDB_SECURITY_LOG"] = str(file)
    assert console("run").exit_code == 0
    assert not file.exists()
    assert console("rollback", "--yes", "--orders-refused", "rollback").exit_code == 1
    assert [(one["kind"], one["event"]) for one in lines(file)] == [("refused", "order-refused")]
    assert file.stat().st_mode & 0o777 == 0o600
    assert console("rollback", "--yes", "--reason", "password=hunter2").exit_code == 0
    assert [one["event"] for one in lines(file)[1:]] == ["run_started", "migration_reverted"]
    assert "hunter2" not in file.read_text() and "test.db" in str(lines(file)[1]["database"])
    before = len(lines(file))
    names = [name for (name,) in sqlite_toy.sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
    sqlite_toy.sql(*(f"DROP TRIGGER {name}" for name in names))
    found = console.object("journal", "verify")["findings"]
    assert found
    assert [one["said"] for one in lines(file)[before:]] == [one["text"] for one in found]
    assert {one["event"] for one in lines(file)[before:]} == {"verify-finding"}


def test_a_file_that_cannot_be_written(console: Console, sqlite_toy: Toy) -> None:
    """It is said once, and nothing else changes; a link is not followed."""
    (console.folder / "log").symlink_to(console.folder / "elsewhere")
    console.environ["INITDB_SECURITY_LOG"] = "log"
    assert console("run").exit_code == 0
    done = console("rollback", "--yes")
    assert done.exit_code == 0
    assert done.stderr.count("security_log") == 1
    assert not (console.folder / "elsewhere").exists()


def test_on_stderr(console: Console, sqlite_toy: Toy) -> None:
    """For containers: a line among the others, also where it is a file."""
    with (console.folder / "out").open("wb") as out:
        script = [sys.executable, "-m", "initdb", "release", "--orders-refused", "release"]
        environ = {**console.environ, "INITDB_SECURITY_LOG": "/dev/stderr"}
        subprocess.run(script, cwd=console.folder, env=environ, stderr=out)
    first, *others = (console.folder / "out").read_text().splitlines()
    assert json.loads(first)["event"] == "order-refused"
    assert others[0] == "error: order-refused"
