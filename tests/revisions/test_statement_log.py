"""What a revision has sent is kept in order; a second run learns which statements were done."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initdb.steps.transactions.statement_log import LONGEST, StatementLog


class Conflict(Exception):
    """It takes another way."""


def again(first: StatementLog, settle: bool = False) -> StatementLog:
    """The log of a second run."""
    assert first.sent is not None
    return StatementLog(first.sent, lambda statement: settle, Conflict)


def send(log: StatementLog, *statements: str) -> list[bool]:
    """Which of them are not to be sent."""
    return [log.is_done(statement, ()) for statement in statements]


def test_a_first_run_sends_everything() -> None:
    """In the block and around it."""
    log = StatementLog()
    assert send(log, "INSERT 1", "INSERT 1", "UPDATE 2") == [False] * 3
    log.enter_block()
    assert send(log, "VACUUM") == [False]
    log.leave_block()
    assert send(log, "INSERT 3") == [False]
    assert log.sent is not None and len(log.sent) == 6


@pytest.mark.parametrize("built", [False, True])
def test_a_second_run_sends_what_comes_after(built: bool) -> None:
    """Nothing before the block, in it what is not there, everything after it."""
    first = StatementLog()
    send(first, "INSERT 1", "SELECT 1", "SELECT relname FROM pg_class", "INSERT 2")
    log = again(first, built)
    assert send(log, "INSERT 1", "SELECT 1", "  -- why\n SET x = 1", "INSERT 2") == [True, False, False, True]
    log.enter_block()
    assert send(log, "CREATE INDEX") == [built]
    log.leave_block()
    assert send(log, "INSERT 1") == [False]
    assert again(log).sent == ()


def test_blocks_before_the_last_are_done() -> None:
    """Only the last one, in which the first run ended, is in doubt."""
    first = StatementLog()
    send(first, "INSERT 1")
    first.enter_block()
    send(first, "CREATE INDEX a", "CREATE INDEX b")
    first.leave_block()
    send(first, "INSERT 2")
    log = again(first)
    assert send(log, "INSERT 1") == [True]
    log.enter_block()
    assert send(log, "CREATE INDEX a", "CREATE INDEX b") == [True, True]
    log.leave_block()
    assert send(log, "INSERT 2") == [True]
    log.enter_block()
    assert send(log, "CREATE INDEX c") == [False]


def test_another_way_is_a_conflict() -> None:
    """A statement that was not sent before, or with other values, or out of order."""
    first = StatementLog()
    first.is_done("INSERT", (1,))
    send(first, "INSERT 2")
    with pytest.raises(Conflict):
        send(again(first), "INSERT 3")
    with pytest.raises(Conflict):
        again(first).is_done("INSERT", (2,))
    log = again(first)
    assert send(log, "INSERT 2") == [True]
    with pytest.raises(Conflict):
        log.is_done("INSERT", (1,))


def test_what_is_left_out_the_second_time_was_done() -> None:
    """CREATE TYPE, where the type is found to be there."""
    first = StatementLog()
    send(first, "CREATE TYPE", "CREATE TABLE")
    assert send(again(first), "CREATE TABLE") == [True]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT 1 RETURNING id",
        "CREATE TEMP TABLE t",
        "create temporary table t",
        "SELECT count(*) FROM t",
        "-- how many\nWITH old AS (SELECT 1) SELECT * FROM old",
        "SELECT setval('s', 3)",
    ],
)
def test_what_cannot_be_repeated_leaves_no_log(statement: str) -> None:
    """Nor do more statements than a log holds."""
    log = StatementLog()
    send(log, "INSERT 1", statement, "INSERT 2")
    assert log.sent is None
    send(many := StatementLog(), *(f"INSERT {number}" for number in range(LONGEST + 1)))
    assert many.sent is None


def test_statements_of_others_are_not_seen() -> None:
    """While it is paused."""
    log = StatementLog()
    with log.paused():
        assert send(log, "INSERT INTO init_journal") == [False]
    assert log.sent == ()


@given(st.lists(st.sampled_from(["INSERT 1", "INSERT 2", "SELECT 1", "UPDATE 1"]), max_size=20))
def test_run_again_unchanged_it_sends_only_what_is_no_change(statements: list[str]) -> None:
    """Whatever it sends, and however often the same."""
    first = StatementLog()
    send(first, *statements)
    log = again(first)
    assert send(log, *statements) == [not one.startswith("SELECT") for one in statements]
    assert log.sent == first.sent
