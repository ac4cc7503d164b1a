"""What a revision has sent is kept in order; a second run learns which statements were done."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initdb.steps.transactions.statement_log import BLOCK, LONGEST, UNRECORDED, Earlier, StatementLog


class Conflict(Exception):
    """It takes another way."""


def again(first: StatementLog, settle: bool = False) -> StatementLog:
    """The log of a second run."""
    assert first.sent is not None
    return StatementLog(Earlier(first.sent, block=None), lambda statement, ran, last: settle, Conflict)


class Journal:
    """What one run after the other records in a block; `asked`: what is in doubt each time."""

    def __init__(self) -> None:
        self.marks: list[str] = []
        self.asked: list[tuple[str, tuple[str, ...], bool]] = []

    def run(self, *statements: str, done: bool = False, killed: bool = True) -> list[str]:
        """The statements that are sent; before the end of the block the process is killed."""
        earlier = Earlier((), tuple(self.marks)) if self.marks else None

        def settle(statement: str, ran: Sequence[str], last: bool) -> bool:
            self.asked.append((statement, tuple(ran), last))
            return done

        log = StatementLog(earlier, settle, Conflict)
        log.enter_block(self.marks.append)
        sent = [one for one in statements if not log.is_done(one, ())]
        if not killed:
            log.end_block()
            log.leave_block()
        return sent


def test_only_the_last_statement_of_a_block_is_in_doubt() -> None:
    """Those before it ran, those behind it were not sent. Also if the second run is killed, too."""
    for done in (False, True):
        journal = Journal()
        assert journal.run("UPDATE 1", "UPDATE 2") == ["UPDATE 1", "UPDATE 2"]
        assert journal.run("UPDATE 1", "UPDATE 2", done=done) == ["UPDATE 2"] * (not done)
        assert len(journal.marks) == 2
        three = ("UPDATE 1", "UPDATE 2", "UPDATE 3")
        assert journal.run(*three, done=done) == [*["UPDATE 2"] * (not done), "UPDATE 3"]
        assert journal.asked == [("UPDATE 2", ("UPDATE 1",), True)] * 2
        assert journal.run(*three, done=True) == []
        assert journal.asked[2:] == [("UPDATE 3", ("UPDATE 1", "UPDATE 2"), True)]


def test_a_block_that_ended_is_not_in_doubt() -> None:
    """Nor one in which nothing was sent. What it sends then must be the same."""
    journal = Journal()
    assert journal.run() == []
    assert journal.run("UPDATE 1", "UPDATE 2", killed=False) == ["UPDATE 1", "UPDATE 2"]
    assert journal.run("UPDATE 1", "UPDATE 2") == []
    assert journal.run("UPDATE 1", "UPDATE 2", killed=False) == []
    assert journal.asked == []
    assert journal.marks[2:] == [BLOCK]
    for other in (("UPDATE 2",), ("UPDATE 1", "UPDATE 3"), ("UPDATE 1", "UPDATE 2", "UPDATE 3")):
        with pytest.raises(Conflict):
            journal.run(*other)


@pytest.mark.parametrize("voids", ["SELECT id FROM t", "INSERT 2 RETURNING id", "BEGIN"])
def test_what_is_not_recorded_in_a_block_is_in_doubt(voids: str) -> None:
    """From there on, each statement is."""
    journal = Journal()
    journal.run("UPDATE 1", voids, "UPDATE 3", "UPDATE 4", killed=False)
    assert journal.marks[1:] == [UNRECORDED]
    assert journal.run("UPDATE 1", "UPDATE 3", "UPDATE 4") == ["UPDATE 3", "UPDATE 4"]
    assert journal.asked == [("UPDATE 3", ("UPDATE 1",), False), ("UPDATE 4", ("UPDATE 1",), False)]


def test_what_is_recorded_while_an_earlier_block_is_passed() -> None:
    """Until the second run is where the first one ended, that is what the first one recorded."""
    first = StatementLog()
    first.enter_block()
    send(first, "UPDATE 1")
    first.leave_block()
    assert first.recorded == (first.sent, ())
    earlier = Earlier(first.sent or (), ("m",))
    second = StatementLog(earlier)
    assert second.recorded == (earlier.sent, ("m",))
    second.enter_block()
    assert send(second, "UPDATE 1") == [True]
    second.leave_block()
    assert second.recorded == (earlier.sent, ("m",))
    second.enter_block()
    assert not second.recorded[1]


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
