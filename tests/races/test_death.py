"""A waiting process goes on within two seconds after the working one died, wherever it died."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from tests.support.boot import Boot
from tests.support.crash import forked_run
from tests.support.pgbouncer import PgBouncer
from tests.support.postgres_server import PostgresServer
from tests.support.settled import assert_settled
from tests.support.toy import Toy, table_up
from tests.support.waiting import wait_until

PROMISE = 2.0
"""Seconds from a holder's death to the next one's first event."""

MINUTE = {
    "postgresql": "SELECT pg_sleep(60)",
    "sqlite": "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000000000)"
    " SELECT count(*) FROM c",
}
"""Statements that take a minute."""


def _goes_on(toy: Toy, holder: int, busy: Callable[[], bool]) -> float:
    """Seconds from the death of `holder`, once it is `busy` and waited for, to the waiter's first event."""
    waiter = Boot(toy)
    try:
        assert waiter.waits(f"(process {holder}) is at work"), waiter.said
        assert wait_until(busy)
    finally:
        died = time.monotonic()
        os.kill(holder, signal.SIGKILL)
        _, status = os.waitpid(holder, 0)
        assert os.WIFSIGNALED(status), "it had ended before it could be killed"
    waiter.is_ready()
    return waiter.first - died


@pytest.mark.parametrize("event", ["run_started", "migration_applied", "seed_batch_applied"])
def test_between_two_steps(toy: Toy, event: str) -> None:
    """The connections of a dead process end at once, and with them the baton."""
    holder = forked_run(toy, event, signal.SIGSTOP)
    os.waitpid(holder, os.WUNTRACED)
    assert _goes_on(toy, holder, lambda: True) < PROMISE
    assert [one.type for one in assert_settled(toy)].count("run_resumed") == 1


def _once_a_minute(toy: Toy, kind: str) -> Callable[[], bool]:
    """Give the second revision a statement that takes a minute, the first time; tells whether it is there."""
    begun = toy.folder / "begun"
    # Of its own tables one is locked: the next one must not wait for that either.
    body = [
        table_up(2),
        "    op.execute('ALTER TABLE t1 ADD COLUMN more INTEGER')",
        "    import pathlib",
        f"    if not pathlib.Path({str(begun)!r}).exists():",
        f"        pathlib.Path({str(begun)!r}).touch()",
        f"        op.execute({MINUTE[kind]!r})",
    ]
    toy.revision(2, "\n".join(body))
    return begun.exists


def test_inside_a_statement_that_takes_a_minute(toy: Toy) -> None:
    """PostgreSQL would go on with it for its dead client, and keep the head locked."""
    begun = _once_a_minute(toy, "sqlite" if toy.url.startswith("sqlite") else "postgresql")
    holder = forked_run(toy, "", signal.SIGKILL)
    assert wait_until(begun)
    assert _goes_on(toy, holder, lambda: _in_statement(toy)) < PROMISE
    assert_settled(toy)


def test_inside_a_statement_behind_pgbouncer(server: PostgresServer, postgresql_toy: Toy) -> None:
    """The one that notices the death is PgBouncer: it ends the session, and the server the statement."""
    toy, direct = postgresql_toy, postgresql_toy.url
    begun = _once_a_minute(toy, "postgresql")
    bouncer = PgBouncer(server, pool_size=8)
    try:
        toy.url = bouncer.url(direct)
        holder = forked_run(toy, "", signal.SIGKILL)
        assert wait_until(begun)
        assert _goes_on(toy, holder, lambda: True) < PROMISE
    finally:
        bouncer.close()
    toy.url = direct
    assert_settled(toy)


def _in_statement(toy: Toy) -> bool:
    """Whether the server executes the long statement; SQLite is in the process itself."""
    if toy.url.startswith("sqlite"):
        return True
    asked = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
        f" AND query = '{MINUTE['postgresql']}'"
    )
    return toy.sql(asked) == [(1,)]
