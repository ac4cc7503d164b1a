"""Another transaction is in the way (a lock, a deadlock, a serialization failure): a few retries."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from initdb.events.entry import Entry
from initdb.statemachine.loop import patience
from initdb.steps.one_revision import perform
from tests.outages.conftest import database_of
from tests.support.boot import Boot, Gate
from tests.support.postgres_server import PostgresServer
from tests.support.settled import assert_settled
from tests.support.toy import Toy, table_up
from tests.support.waiting import wait_until

SEED_ROW = "NEW.id >= 100"
"""What is true of rows of the seed file and not of those that revisions make."""

CLASH = """
CREATE TABLE other (id integer); CREATE SEQUENCE clashes;
CREATE FUNCTION clash() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  IF nextval('clashes') = 1 THEN
    WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 't1'::regclass) LOOP
      PERFORM pg_sleep(0.005);
    END LOOP;
  END IF;
  LOCK TABLE other;
END $$;
CREATE FUNCTION clash_of_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM clash(); RETURN NEW;
END $$"""
"""clash(): waits, the first time, until the other session wants t1, and then wants what that one has."""


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tries, since the pauses between five take five seconds."""
    for module in (patience, perform):
        monkeypatch.setattr(module, "TRIES", 2)


@contextlib.contextmanager
def _other(toy: Toy) -> Iterator[Connection]:
    engine = toy.engine()
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _with_statement(toy: Toy, step: str, statement: str, of_row: str) -> str:
    """Make a step run `statement`, or `of_row` as a trigger of its rows; gives the revision before it."""
    if step == "revision":
        toy.revision(2, f"{table_up(2)}\n    op.execute({statement!r})")
        return "r1"
    trigger = f"CREATE TRIGGER one BEFORE INSERT ON t1 FOR EACH ROW WHEN ({SEED_ROW}) {of_row}"
    toy.revision(3, f"{table_up(3)}\n    op.execute({trigger!r})")
    return "r3"


@pytest.mark.parametrize("step", ["revision", "seed"])
def test_a_deadlock(server: PostgresServer, postgresql_toy: Toy, step: str) -> None:
    """The step was rolled back whole, so it is done again, and nothing twice."""
    toy = postgresql_toy
    server.admin_execute(f"ALTER DATABASE {database_of(toy)} SET deadlock_timeout = '20ms'")
    toy.sql(CLASH)
    statement = "INSERT INTO t1 VALUES (2, 'x'); DELETE FROM t1 WHERE id = 2; SELECT clash()"
    before = _with_statement(toy, step, statement, "EXECUTE FUNCTION clash_of_row()")
    with _other(toy) as other:
        other.exec_driver_sql("SET deadlock_timeout = '1min'")

        def watch(entry: Entry) -> None:
            if entry.data.get("revision") == before:
                other.exec_driver_sql("LOCK TABLE other")
                threading.Thread(target=wants_both).start()

        def wants_both() -> None:
            wait_until(lambda: toy.sql("SELECT is_called FROM clashes") == [(True,)])
            other.exec_driver_sql("LOCK TABLE t1")
            other.rollback()

        named = f"It waited for process {other.connection.dbapi_connection.info.backend_pid}"  # type: ignore[union-attr]
        boot = Boot(toy, watch=watch)
        boot.is_ready()
    (said,) = [why for why in boot.said if "waited for each other" in why]
    assert "step_failed" not in boot.events and named in said, said
    assert toy.sql("SELECT last_value > 1 FROM clashes") == [(True,)]
    assert_settled(toy)


def test_a_serialization_failure(server: PostgresServer, postgresql_toy: Toy) -> None:
    """An env.py works as the database is set, also SERIALIZABLE: the revision is done again."""
    toy = postgresql_toy
    server.admin_execute(
        f"ALTER DATABASE {database_of(toy)} SET default_transaction_isolation = 'serializable'"
    )
    update = "op.execute(\"UPDATE t1 SET name = name || '!' WHERE id = 1\")"
    gate = Gate(toy, after=update)
    boot = Boot(toy)
    assert gate.reached()
    toy.sql("UPDATE t1 SET name = 'changed meanwhile' WHERE id = 1")
    gate.open()
    boot.is_ready()
    assert "step_failed" not in boot.events
    assert toy.sql("SELECT name FROM t1 WHERE id = 1") == [("changed meanwhile!",)]
    assert_settled(toy)


@pytest.mark.parametrize("state", ["40001", "40P01"])
@pytest.mark.parametrize("step", ["revision", "seed"])
@pytest.mark.usefixtures("few")
def test_a_conflict_that_comes_back(postgresql_toy: Toy, step: str, state: str) -> None:
    """After a few tries it is the step's failure, which passes: a later boot tries again by itself."""
    toy = postgresql_toy
    raising = f"RAISE EXCEPTION 'lost' USING ERRCODE = '{state}'"
    toy.sql(
        "CREATE TABLE wins (); CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" {raising}; END $$"
    )
    _with_statement(toy, step, f"DO $$ BEGIN {raising}; END $$", "EXECUTE FUNCTION lose()")
    boot = Boot(toy)
    outcome = boot.end()
    assert outcome.error is not None and outcome.error.passing and outcome.error.sqlstate == state
    assert boot.events.count("step_failed") == 1
    assert toy.initializer().verdict().retry_in is not None


@contextlib.contextmanager
def _locked_at(toy: Toy, revision: str) -> Iterator[tuple[Connection, Boot]]:
    """A boot that finds t1 locked after `revision`."""
    with _other(toy) as other:

        def watch(entry: Entry) -> None:
            if entry.data.get("revision") == revision and not other.in_transaction():
                other.exec_driver_sql("LOCK TABLE t1")

        other.exec_driver_sql("SET application_name = 'nightly report'")
        other.commit()
        yield other, Boot(toy, watch=watch, lock_timeout="50ms")


def _named(other: Connection) -> str:
    """How a message names the session that holds t1."""
    pid = other.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]
    return f"t1 is locked by process {pid} (nightly report, user postgres), in a transaction since 20"


@pytest.mark.parametrize("step", ["revision", "seed"])
def test_a_lock_that_is_given_late(postgresql_toy: Toy, step: str) -> None:
    """55P03 out of a step: it gives way, so that others are served, and tries again."""
    toy = postgresql_toy
    toy.revision(2, f"{table_up(2)}\n    op.execute('LOCK TABLE t1')")
    with _locked_at(toy, {"revision": "r1", "seed": "r3"}[step]) as (other, boot):
        assert boot.waits(f"did not get a lock in time. {_named(other)}"), boot.said
        other.rollback()
        boot.is_ready()
    assert "step_failed" not in boot.events
    assert_settled(toy)


@pytest.mark.parametrize("step", ["revision", "seed"])
@pytest.mark.usefixtures("few")
def test_a_lock_that_is_not_given(postgresql_toy: Toy, step: str) -> None:
    """It is the step's failure, recorded while the lock stands; a later boot tries again by itself."""
    toy = postgresql_toy
    toy.revision(2, f"{table_up(2)}\n    op.execute('LOCK TABLE t1')")
    with _locked_at(toy, {"revision": "r1", "seed": "r3"}[step]) as (other, boot):
        outcome = boot.end()
        named = _named(other)
    assert outcome.error is not None and outcome.error.reference == "lock-timeout" and outcome.error.passing
    assert any(line.startswith(named) for line in outcome.error.context), outcome.error.context
    assert boot.events[-1] == "step_failed"
    assert toy.initializer().verdict().kind == "work"
