"""The server's time limits: on a statement they fail the step, on our own sessions they have no effect."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.outages.conftest import database_of
from tests.support.boot import Boot, Gate
from tests.support.crash import forked_run
from tests.support.postgres_server import PostgresServer
from tests.support.settled import assert_settled
from tests.support.toy import Toy, table_up
from tests.support.waiting import wait_until

SLEEPING = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query ~ '^SELECT pg_sleep'"
)


def _slow(toy: Toy, step: str, seconds: float) -> None:
    """A step with a statement that takes so long."""
    if step == "revision":
        toy.revision(2, f"{table_up(2)}\n    op.execute('SELECT pg_sleep({seconds})')")
        return
    slow = (
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" PERFORM pg_sleep({seconds}); RETURN NEW; END $$; CREATE TRIGGER slow BEFORE INSERT ON t1"
        " FOR EACH ROW WHEN (NEW.id = 100) EXECUTE FUNCTION slow()"
    )
    toy.revision(3, f"{table_up(3)}\n    op.execute({slow!r})")


@pytest.mark.parametrize("step", ["revision", "seed"])
def test_a_statement_that_takes_too_long(server: PostgresServer, postgresql_toy: Toy, step: str) -> None:
    """57014 by statement_timeout does not pass by itself: no later boot retries, until a person says so."""
    toy = postgresql_toy
    _slow(toy, step, 0.3)
    server.admin_execute(f"ALTER DATABASE {database_of(toy)} SET statement_timeout = '200ms'")
    boot = Boot(toy)
    outcome = boot.end()
    assert outcome.error is not None and outcome.error.reference == "statement-timeout"
    assert "statement_timeout" in outcome.error.fix
    again = Boot(toy)
    error = again.end().error
    assert error is not None and error.reference == "statement-timeout" and not again.events
    server.admin_execute(f"ALTER DATABASE {database_of(toy)} RESET statement_timeout")
    assert toy.initializer().resume().success
    assert_settled(toy)


def test_a_statement_that_somebody_cancels(postgresql_toy: Toy) -> None:
    """57014 by an administrator is the step's failure, and passes: a later boot tries again."""
    toy = postgresql_toy
    _slow(toy, "revision", 60)
    boot = Boot(toy)
    assert boot.sees(lambda: bool(toy.sql(SLEEPING)))
    toy.sql(f"SELECT pg_cancel_backend(pid) FROM ({SLEEPING}) slow")
    error = boot.end().error
    assert error is not None and error.reference == "statement-cancelled" and error.passing
    toy.with_revisions()
    assert toy.initializer().initialize().success
    assert_settled(toy)


def test_a_statement_that_a_stop_cancels(postgresql_toy: Toy) -> None:
    """57014 after a signal is the stop: no failure, and what a next boot goes on from."""
    toy = postgresql_toy
    _slow(toy, "revision", 60)
    child = forked_run(toy, "never", signal.SIGKILL)
    assert wait_until(lambda: bool(toy.sql(SLEEPING)))
    os.kill(child, signal.SIGTERM)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 128 + signal.SIGTERM
    assert toy.types()[-1] == "run_stopped"
    toy.with_revisions()
    assert toy.initializer().initialize().success
    assert_settled(toy)


def _thought(server: PostgresServer, toy: Toy, *limits: str) -> list[str]:
    """The events of a boot whose revision thinks for longer than its database allows by these settings."""
    for limit in limits:
        server.admin_execute(f"ALTER DATABASE {database_of(toy)} SET {limit} = '200ms'")
    gate = Gate(toy)
    boot = Boot(toy)
    assert gate.reached()
    time.sleep(0.5)
    gate.open()
    boot.is_ready()
    assert_settled(toy)
    return boot.events


def test_a_transaction_that_is_idle_for_too_long(server: PostgresServer, postgresql_toy: Toy) -> None:
    """Baton and unit of work are exempt: a revision may think for as long as it wants."""
    limits = ["idle_in_transaction_session_timeout"]
    if int(server.admin_execute("SHOW server_version_num")[0][0]) >= 170000:
        limits.append("transaction_timeout")
    assert "run_continued" not in _thought(server, postgresql_toy, *limits)


def test_a_session_that_is_idle_for_too_long(server: PostgresServer, postgresql_toy: Toy) -> None:
    """The run's own connection may be ended while env.py's works: the run goes on with a new one."""
    assert _thought(server, postgresql_toy, "idle_session_timeout")[-1] == "health_validated"
