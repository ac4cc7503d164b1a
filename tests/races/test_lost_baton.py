"""A process that lost its baton without knowing harms nothing: the head refuses its late events."""

from __future__ import annotations

import os
import signal

from initdb.events.entry import Entry
from initdb.events.side_file import SIDE_SUFFIX
from tests.support.crash import stopped_after
from tests.support.settled import assert_settled
from tests.support.toy import Toy, table_up


def _end_baton(toy: Toy) -> None:
    """End the session that holds the baton, as an administrator would, or a network."""
    toy.sql(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )


def _lose_baton(toy: Toy) -> None:
    """Let the holder's baton be worth nothing: its session ended, or its file removed under it."""
    if toy.url.startswith("sqlite"):
        (toy.folder / f"test.db{SIDE_SUFFIX}").unlink()
    else:
        _end_baton(toy)


def test_after_every_event(postgresql_toy: Toy) -> None:
    """No other process is there: the same one looks, takes the baton again, and goes on."""
    ended: set[str] = set()

    def watch(entry: Entry) -> None:
        what = f"{entry.type} {entry.data.get('revision')}"
        if what not in ended and entry.type not in {"run_continued", "health_validated"}:
            ended.add(what)
            _end_baton(postgresql_toy)

    result = postgresql_toy.initializer(watch).initialize()
    assert result.success, result.errors
    # All of it is told as this process's work, whichever of its runs did it.
    assert [step for step in result.steps_completed if "migration" in step] == [
        f"migration applied: r{number}" for number in (1, 2, 3)
    ]
    entries = assert_settled(postgresql_toy)
    # The first unit of a run tells of two events at once.
    types = [one.type for one in entries]
    assert types.count("run_continued") == len(ended) - 1 == 6
    assert types.count("run_started") == 1 and "run_resumed" not in types


def test_in_the_middle_of_a_revision(postgresql_toy: Toy) -> None:
    """It has the head's lock: what it does is committed with its event, and the run goes on after it."""
    ending = (
        "    from sqlalchemy import create_engine, pool, text\n"
        f"    with create_engine({postgresql_toy.url!r}, poolclass=pool.NullPool).begin() as other:\n"
        '        other.execute(text("SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE granted'
        " AND locktype = 'advisory' AND database ="
        ' (SELECT oid FROM pg_database WHERE datname = current_database())"))'
    )
    postgresql_toy.revision(2, f"{ending}\n{table_up(2)}")
    result = postgresql_toy.initializer().initialize()
    assert result.success, result.errors
    types = [one.type for one in assert_settled(postgresql_toy)]
    assert types.index("run_continued") == types.index("migration_applied") + 2


def test_another_takes_it_meanwhile(toy: Toy) -> None:
    """The first stands still while the second works to the end; going on, it appends nothing."""
    with stopped_after(toy, "migration_applied") as pid:
        _lose_baton(toy)
        result = toy.initializer().initialize()
        assert result.success, result.errors
        before = toy.types()
        assert before.count("run_resumed") == 1
        os.kill(pid, signal.SIGCONT)
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0
    assert toy.types() == before
    assert_settled(toy)


def test_both_work_at_once(toy: Toy) -> None:
    """The second has begun and stands still in its turn: the first, waking, finds that the head has moved."""
    with stopped_after(toy, "migration_applied") as first:
        _lose_baton(toy)
        with stopped_after(toy, "migration_applied") as second:
            before = toy.types()
            os.kill(first, signal.SIGCONT)
            # It waits for the second now, by name, and appends nothing.
            busy = toy.initializer().attend(wait=False)
            assert busy.ending == "busy"
            assert toy.types() == before
            os.kill(second, signal.SIGCONT)
            for pid in (second, first):
                _, status = os.waitpid(pid, 0)
                assert os.waitstatus_to_exitcode(status) == 0
    entries = assert_settled(toy)
    assert [one.type for one in entries].count("run_resumed") == 1
