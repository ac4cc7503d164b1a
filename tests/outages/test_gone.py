"""The database is not there yet, or goes away during a run: a boot waits, looks, and goes on by itself."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import make_url

from initdb.events import postgresql
from initdb.events.entry import Entry
from tests.crash import proxy
from tests.crash.proxy import Cut
from tests.outages.conftest import outages
from tests.support.boot import Boot, Gate
from tests.support.postgres_server import PostgresServer
from tests.support.settled import assert_settled
from tests.support.standby import Standby
from tests.support.toy import Toy, table_up


def test_not_there_at_first(server: PostgresServer, postgresql_toy: Toy) -> None:
    """It asks again and again, after growing pauses, and records the whole outage in one event."""
    server.stop()
    boot = Boot(postgresql_toy)
    assert boot.waits("refused")
    server.start()
    boot.is_ready()
    (outage,) = outages(assert_settled(postgresql_toy))
    assert outage["reference"] == "connection-refused"
    assert outage["count"] >= 1 and outage["first"] <= outage["last"]


def test_not_there_for_longer_than_the_limit(postgresql_toy: Toy, server: PostgresServer) -> None:
    """The error of the last attempt, with its advice; the next boot still records the outage."""
    server.stop()
    outcome = Boot(postgresql_toy, wait_limit="300ms").end()
    assert outcome.error is not None and outcome.error.reference == "connection-refused"
    server.start()
    assert postgresql_toy.initializer().initialize().success
    assert_settled(postgresql_toy)


def test_starting_up(server: PostgresServer, postgresql_toy: Toy) -> None:
    """A boot waits for a server that accepts no sessions yet (57P03); here an unreadable standby."""
    name = make_url(postgresql_toy.url).database or ""
    assert postgresql_toy.initializer().initialize().success
    standby = Standby(server)
    try:
        assert standby.caught_up(name)
        standby.stop()
        standby.settings["hot_standby"] = "off"
        standby.start(wait=False)
        boot = Boot(Toy(postgresql_toy.folder, standby.url(name), options=postgresql_toy.options))
        assert boot.waits("not accept") or boot.waits("The server is starting"), boot.said
        standby.stop()
        standby.settings["hot_standby"] = "on"
        standby.start()
        boot.is_ready()
    finally:
        standby.remove()


@pytest.mark.parametrize(("how", "limit"), [("immediate", "1ms"), ("fast", "300s")])
def test_the_server_is_restarted_in_the_middle_of_a_revision(
    server: PostgresServer, postgresql_toy: Toy, how: str, limit: str
) -> None:
    """What was committed stands, the revision starts again; wait_limit counts from the last sign of life."""
    gate = Gate(postgresql_toy)
    boot = Boot(postgresql_toy, wait_limit=limit)
    assert gate.reached()
    server.stop_immediate() if how == "immediate" else server.stop()
    server.start()
    gate.open()
    boot.is_ready()
    types = [one.type for one in assert_settled(postgresql_toy)]
    assert types.count("run_continued") == 1


def test_the_server_is_away_for_a_while(server: PostgresServer, postgresql_toy: Toy) -> None:
    """The run that was cut off waits and goes on; one outage, told by the run that resumes."""
    gate = Gate(postgresql_toy)
    boot = Boot(postgresql_toy)
    assert gate.reached()
    server.stop_immediate()
    gate.open()
    assert boot.waits("refused")
    server.start()
    boot.is_ready()
    entries = assert_settled(postgresql_toy)
    assert len(outages(entries)) == 1
    assert [one.type for one in entries].count("run_continued") == 1


ENDED = {"run_started None", "migration_applied r2", "seed_batch_applied None"}


def test_sessions_are_ended_between_steps(server: PostgresServer, postgresql_toy: Toy) -> None:
    """Every session of the database at once, as an administrator does before a restore."""
    name = make_url(postgresql_toy.url).database
    ended: set[str] = set()

    def watch(entry: Entry) -> None:
        what = f"{entry.type} {entry.data.get('revision')}"
        if what not in ended and what in ENDED:
            ended.add(what)
            server.admin_execute(
                f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
            )

    result = postgresql_toy.initializer(watch).initialize()
    assert result.success, result.errors
    assert_settled(postgresql_toy)
    assert ended == ENDED


@pytest.mark.parametrize("step", ["revision", "seed"])
def test_the_session_at_work_is_ended_in_its_statement(postgresql_toy: Toy, step: str) -> None:
    """No failure of the step: it is done again."""
    flag = postgresql_toy.folder / "ended"
    end = "SELECT pg_terminate_backend(pg_backend_pid())"
    if step == "revision":
        body = [
            table_up(2),
            "    import pathlib",
            f"    flag = pathlib.Path({str(flag)!r})",
            "    if not flag.exists():",
            "        flag.touch()",
            f"        op.execute({end!r})",
        ]
        postgresql_toy.revision(2, "\n".join(body))
    else:
        postgresql_toy.revision(3, f"{table_up(3)}\n    op.execute({_ends_once()!r})")
    result = postgresql_toy.initializer().initialize()
    assert result.success, result.errors
    entries = assert_settled(postgresql_toy)
    assert "step_failed" not in [one.type for one in entries]
    (went_on,) = (one for one in entries if one.type == "run_continued")
    assert went_on.data["reason"] == "the connection to the database was lost"


def test_a_session_that_ends_at_every_try(postgresql_toy: Toy) -> None:
    """As if the server crashes over a revision: tried until the limit, with growing pauses. Nobody died."""
    toy = postgresql_toy
    end = "SELECT pg_terminate_backend(pg_backend_pid())"
    toy.revision(2, f"{table_up(2)}\n    op.execute({end!r})")
    boot = Boot(toy, attempts=1, wait_limit="1s")
    error = boot.end().error
    assert error is not None and error.reference == "connection-keeps-breaking", error
    assert "times in a row" in error.context[0]
    assert boot.events.count("run_started") == 1 and "run_resumed" not in boot.events
    assert boot.events[-1] == "step_failed"
    before = toy.types()
    assert "connection-keeps-breaking" in toy.initializer().initialize().errors[0]
    assert toy.types() == before
    toy.with_revisions()
    assert toy.initializer().resume().success
    assert_settled(toy)


def _ends_once() -> str:
    """A trigger that ends the session at the first seed; a sequence is not rolled back."""
    return (
        "CREATE SEQUENCE once; CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF nextval('once') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;"
        " RETURN NEW; END $$; CREATE TRIGGER die BEFORE INSERT ON t1 FOR EACH ROW"
        " WHEN (NEW.id >= 100) EXECUTE FUNCTION die()"
    )


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_network_cuts_a_commit(server: PostgresServer, postgresql_toy: Toy, when: Any) -> None:
    """Whether it arrived, only the journal knows, and is asked: nothing lost, nothing twice."""
    for number in (1, 4):
        _through_a_proxy(server, postgresql_toy, Cut(number, when, commits=True))


def test_the_host_dies_without_a_word(
    server: PostgresServer, postgresql_toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing comes any more, no reset either, on a connection that the application's own engine made."""
    monkeypatch.setattr(
        postgresql,
        "LINE",
        {"TCP_KEEPIDLE": 1, "TCP_KEEPINTVL": 1, "TCP_KEEPCNT": 2, "TCP_USER_TIMEOUT": 2000},
    )
    _through_a_proxy(server, postgresql_toy, Cut(20, "dark", commits=False))


def _through_a_proxy(server: PostgresServer, toy: Toy, cut: Cut) -> None:
    """A boot in a database of its own, which ends ready although the network fails it once."""
    database = f"{make_url(toy.url).database}_{cut.number}"
    server.admin_execute(f"CREATE DATABASE {database}")
    try:
        made = proxy.start(server.port, cut)
        through = make_url(server.url(database, tcp=True)).set(port=made.port)
        url = through.render_as_string(hide_password=False)
        result = Toy(toy.folder, url, options=toy.options).initializer().initialize()
        assert result.success, result.errors
        assert made.close()[1], f"message {cut.number} was not cut"
        assert_settled(Toy(toy.folder, server.url(database), options=toy.options))
    finally:
        server.admin_execute(f"DROP DATABASE {database} WITH (FORCE)")
