"""Somebody locks the journal or a table in ACCESS EXCLUSIVE mode: commands that only look answer in time."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from initdb.events import postgresql
from initdb.statemachine.loop import writer
from initdb.statemachine.loop.outcome import Outcome
from tests.cli.console import Console
from tests.support.boot import Boot
from tests.support.settled import assert_settled
from tests.support.toy import Toy

JOURNAL = ("init_journal", "init_journal_head", "alembic_version")

IN_TIME = 4.0
"""Seconds; a look takes no more than one, and this machine may be busy."""


@contextlib.contextmanager
def _locked(toy: Toy, table: str) -> Iterator[contextlib.ExitStack]:
    """The table is locked until the stack is closed."""
    engine = toy.engine()
    with contextlib.ExitStack() as held:
        other = held.enter_context(engine.connect())
        other.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        yield held


@pytest.fixture
def ready(postgresql_toy: Toy) -> Toy:
    """An application that is ready."""
    assert postgresql_toy.initializer().initialize().success
    return postgresql_toy


def _in_time(toy: Toy, mode: str, **options: str) -> Outcome:
    """How a boot ended, which must be soon."""
    began = time.monotonic()
    outcome = Boot(toy, mode=mode, **options).end()
    assert time.monotonic() - began < IN_TIME
    return outcome


@pytest.mark.parametrize("table", JOURNAL)
def test_a_boot_waits_for_a_locked_journal(ready: Toy, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says why, and goes on by itself."""
    monkeypatch.setattr(postgresql, "LOOK_PATIENCE", "50ms")
    with _locked(ready, table) as held:
        boot = Boot(ready)
        assert boot.waits("another session holds the journal")
        held.close()
        boot.is_ready()
    assert_settled(ready)


def test_a_head_that_somebody_locks(ready: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """As FOR UPDATE does: who looks is not held up, who has work asks again until it is free."""
    monkeypatch.setattr(writer, "PATIENCE", 0.1)
    ready.tables = 4
    ready.with_revisions()
    engine = ready.engine()
    with engine.connect() as other:
        other.execute(text("SELECT FROM init_journal_head FOR UPDATE"))
        assert _in_time(ready, "check").ending == "pending"
        boot = Boot(ready)
        assert boot.waits("another session holds the journal")
        assert not boot.events
        other.rollback()
        boot.is_ready()
    engine.dispose()
    assert_settled(ready, tables=4)


@pytest.mark.parametrize("mode", ["work", "wait", "check"])
def test_a_locked_journal_is_not_waited_for_without_end(ready: Toy, mode: str) -> None:
    """Up to wait_limit; check mode looks once."""
    with _locked(ready, "init_journal_head"):
        error = _in_time(ready, mode, wait_limit="100ms").error
    assert error is not None and error.reference == ("lock-timeout" if mode == "check" else "wait-limit")


@pytest.mark.parametrize("pending", [False, True])
def test_check_mode_does_not_wait_for_a_table(ready: Toy, pending: bool) -> None:
    """What cannot be read cannot be compared: not ready, and why."""
    if pending:
        ready.tables = 4
        ready.with_revisions()
    with _locked(ready, "t1"):
        outcome = _in_time(ready, "check")
    assert outcome.exit_code == 3 and outcome.error is not None
    assert pending or "locked" in " ".join(outcome.error.context)


@pytest.mark.parametrize("table", ["init_journal", "t1"])
def test_commands_that_look_have_an_answer_in_time(
    ready: Toy, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer, or an error that tells what holds it up: never silence."""
    monkeypatch.setattr(postgresql, "LOOK_PATIENCE", "50ms")
    (ready.folder / "initdb.toml").write_text(
        f'database_url = {json.dumps(ready.url)}\nmigrations = "alembic"\nseeds = "seeds"\n'
    )
    console = Console(ready.folder, {"HOME": str(ready.folder)})
    with _locked(ready, table):
        for words in (["status"], ["validate"], ["plan"], ["journal"], ["journal", "verify"]):
            result = console(*words)
            assert result.exit_code in (0, 3) or "lock-timeout" in result.stderr, (words, result.output)
