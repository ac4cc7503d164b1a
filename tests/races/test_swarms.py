"""However many processes boot at once, the work is done once; the others wait and say for whom."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from initdb.statemachine import orders
from tests.support.pgbouncer import PgBouncer
from tests.support.postgres_server import PostgresServer
from tests.support.settled import assert_settled
from tests.support.swarm import Booted, boot_together
from tests.support.toy import Toy

UNDISTURBED = [
    "journal_created",
    "run_started",
    "database_inspected",
    "migration_applied",
    "migration_applied",
    "migration_applied",
    "seed_batch_applied",
    "health_validated",
]


def _assert_done_once(toy: Toy, booted: list[Booted]) -> None:
    """One worked, as if alone; all the others waited for it by name and are ready."""
    assert {one.outcome for one in booted} == {"ready"}, [one for one in booted if one.outcome != "ready"]
    assert len([one for one in booted if one.steps]) == 1
    assert len([one for one in booted if one.named]) == len(booted) - 1
    assert [one.type for one in assert_settled(toy)] == UNDISTURBED


@pytest.mark.parametrize("count", [2, 50])
def test_all_boot_at_once_on_an_empty_database(toy: Toy, count: int) -> None:
    """One works; the others wait for it by name and see ready; nothing twice, no error."""
    _assert_done_once(toy, boot_together(toy, count, hold=count - 1))


def test_through_pgbouncer_in_transaction_pooling(server: PostgresServer, postgresql_toy: Toy) -> None:
    """Four sessions for forty processes, and a transaction of each may be in any of them."""
    bouncer = PgBouncer(server, pool_size=4)
    direct = postgresql_toy.url
    try:
        postgresql_toy.url = bouncer.url(direct)
        booted = boot_together(postgresql_toy, 40, hold=39)
        # PgBouncer keeps its sessions: a lock of the session would be kept, too.
        assert server.advisory_locks(str(make_url(direct).database)) == []
    finally:
        bouncer.close()
        postgresql_toy.url = direct
    _assert_done_once(postgresql_toy, booted)


@pytest.fixture(scope="module")
def crowded() -> Iterator[PostgresServer]:
    """A server of eleven connections, of which it keeps three for superusers."""
    server = PostgresServer({"max_connections": "11"})
    server.admin_execute("CREATE ROLE app LOGIN")
    yield server
    server.remove()


def test_more_processes_than_the_server_has_connections(crowded: PostgresServer, tmp_path: Path) -> None:
    """Being refused a connection is waiting: all end ready."""
    count = 40
    crowded.admin_execute("CREATE DATABASE crowd OWNER app")
    toy = Toy(tmp_path, crowded.url("crowd", user="app"), options={"schema_from": "migrations"})
    toy.with_revisions().with_seeds()
    booted = boot_together(toy, count, hold=count // 2)
    assert {one.outcome for one in booted} == {"ready"}, [one for one in booted if one.outcome != "ready"]
    assert len([one for one in booted if one.steps]) == 1
    assert len([one for one in booted if one.named]) >= count // 2
    assert [one.type for one in assert_settled(toy) if one.type != "outage"] == UNDISTURBED


@pytest.mark.parametrize("seed", range(2))
def test_some_are_killed_among_them(toy: Toy, seed: int) -> None:
    """Holders die after an event or in the middle of one, waiters too: survivors end ready."""
    toy.options["attempts"] = 1000
    chance = random.Random(seed)
    fates = {number: chance.randint(1, 4) for number in range(12)}
    booted = boot_together(toy, 20, fates=fates, kills=4, seed=seed)
    survivors = [one for one in booted if one.outcome != "killed"]
    assert len(booted) - len(survivors) >= 4
    assert {one.outcome for one in survivors} == {"ready"}, [
        one for one in survivors if one.outcome != "ready"
    ]
    assert_settled(toy)


def test_all_boot_at_once_on_a_revision_that_always_fails(toy: Toy) -> None:
    """One attempt; the others show the error that the one met, word for word, then and later."""
    toy.revision(2, "    1 / 0")
    booted = boot_together(toy, 20, hold=19)
    assert {one.outcome for one in booted} == {"failed"}
    assert len({one.errors for one in booted}) == 1
    assert toy.types().count("step_failed") == 1
    assert toy.types().count("run_started") == 1
    again = boot_together(toy, 3)
    assert {one.errors for one in again} == {booted[0].errors}
    assert toy.types()[-1] == "step_failed" and toy.types().count("run_started") == 1


def test_five_resumes_of_one_failure_try_once(toy: Toy) -> None:
    """A resume names the failure that it overrides: the others adopt the new one."""
    toy.revision(2, "    1 / 0")
    toy.initializer().initialize()
    failure = orders.resume(toy.initializer().look())
    assert failure.override is not None
    first = toy.initializer().attend(failure)
    again = [toy.initializer().attend(failure) for _ in range(4)]
    assert first.ending == "failed"
    assert {one.ending for one in again} == {"failed"}
    assert toy.types().count("step_failed") == 2
