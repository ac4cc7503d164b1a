"""A living process keeps its baton, however long it does nothing; only a person takes it away."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

import pytest

from initdb.events.clock import Clock
from initdb.statemachine.loop.holder import at_work
from initdb.statemachine.loop.take_over import take_over
from tests.support.crash import stopped_after
from tests.support.settled import assert_settled
from tests.support.toy import Toy, table_up

ANYWHERE = [
    "journal_created",
    "run_started",
    "database_inspected",
    "migration_applied",
    "in a revision",
    "with a table locked",
    "seed_batch_applied",
]


@contextlib.contextmanager
def stopped(toy: Toy, where: str) -> Iterator[int]:
    """A run that has stopped there."""
    flag = toy.folder / "stopped"
    body = [
        table_up(2),
        "    op.execute('ALTER TABLE t1 ADD COLUMN more INTEGER')" if where == "with a table locked" else "",
        "    import os, pathlib, signal",
        f"    if not pathlib.Path({str(flag)!r}).exists():",
        f"        pathlib.Path({str(flag)!r}).touch()",
        "        os.kill(os.getpid(), signal.SIGSTOP)",
    ]
    event = where if "_" in where else ""
    if not event:
        toy.revision(2, "\n".join(body))
    with stopped_after(toy, event) as pid:
        yield pid


def _goes_on(pid: int) -> int:
    """Wake it up; its exit code, negative for a signal."""
    os.kill(pid, signal.SIGCONT)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


@pytest.mark.parametrize("where", ANYWHERE)
def test_a_stopped_holder_keeps_its_baton(toy: Toy, where: str) -> None:
    """No other process begins, and each says for whom it waits; woken up, the holder ends its work."""
    with stopped(toy, where) as pid:
        before = toy.types()
        busy = toy.initializer().attend(wait=False)
        assert (busy.ending, busy.exit_code) == ("busy", 4), busy
        waited = toy.initializer(wait_limit="300ms").attend()
        assert waited.error is not None and waited.error.reference == "wait-limit", waited
        assert f"(process {pid}) is at work" in waited.error.context[0]
        assert toy.types() == before
        assert _goes_on(pid) == 0
    assert "run_resumed" not in [one.type for one in assert_settled(toy)]


@pytest.mark.parametrize("where", ["run_started", "in a revision", "with a table locked"])
def test_taken_over_it_appends_nothing_more(toy: Toy, where: str) -> None:
    """A person ends its sessions (on SQLite the process); woken up, it writes nothing."""
    with stopped(toy, where) as pid:
        seen = toy.initializer().look()
        assert at_work(toy.engine(), seen.journal)
        ended = take_over(toy.engine(), seen.journal, seen.knowledge.last_run, Clock(), grace=0.1)
        assert ended
        assert not at_work(toy.engine(), seen.journal)
        result = toy.initializer().initialize()
        assert result.success, result.errors
        before = toy.types()
        assert _goes_on(pid) == (-signal.SIGKILL if toy.url.startswith("sqlite") else 0)
    assert toy.types() == before
    assert [one.type for one in assert_settled(toy)].count("run_resumed") == 1


def test_on_a_database_that_was_ready_before(toy: Toy) -> None:
    """Processes that boot meanwhile cannot read the locked catalogue, but still say for whom they wait."""
    assert toy.initializer().initialize().success
    toy.tables = 4
    body = [
        table_up(4),
        "    op.execute('ALTER TABLE t1 ADD COLUMN more INTEGER')",
        "    op.execute('CREATE INDEX more ON t1 (more)')",
        "    import os, signal",
        "    os.kill(os.getpid(), signal.SIGSTOP)",
    ]
    toy.revision(4, "\n".join(body))
    with stopped_after(toy, "") as pid:
        busy = toy.initializer().attend(wait=False)
        assert (busy.ending, busy.exit_code) == ("busy", 4), busy
        waited = toy.initializer(wait_limit="300ms").attend()
        assert waited.error is not None and waited.error.reference == "wait-limit", waited
        assert f"(process {pid}) is at work" in waited.error.context[0]
        assert _goes_on(pid) == 0
    assert_settled(toy, tables=4)
