"""The database is read-only, by a setting, as a standby, or as a file: a boot waits."""

from __future__ import annotations

from pathlib import Path

from initdb.statemachine.decide.verdict import judge
from initdb.statemachine.render.status import status_of
from tests.outages.conftest import database_of
from tests.support.boot import Boot, Gate
from tests.support.postgres_server import PostgresServer
from tests.support.settled import assert_settled
from tests.support.small_disk import small_disk
from tests.support.standby import Standby
from tests.support.toy import Toy, migrated


def _read_only(server: PostgresServer, toy: Toy, *, on: bool) -> None:
    how = "SET default_transaction_read_only = on" if on else "RESET default_transaction_read_only"
    server.admin_execute(f"ALTER DATABASE {database_of(toy)} {how}")


def _is_left_to_others(toy: Toy, why: str) -> None:
    """A boot ends with exit 3 and says why it could not work itself; so does whoever asks for the status."""
    outcome = Boot(toy, wait_limit="100ms").end()
    assert outcome.exit_code == 3 and outcome.error is not None and outcome.error.reference == "pending-work"
    assert any(why in line for line in outcome.error.context), outcome.error.context
    assert "can be written in database_url" in outcome.error.fix
    seen = toy.initializer().look()
    assert why in status_of(seen, judge(seen), at_work=False).warnings[0]


def test_a_database_that_is_read_only(server: PostgresServer, postgresql_toy: Toy) -> None:
    """It waits, up to wait_limit (exit 3), and works once it may; what is ready is ready all the while."""
    toy = postgresql_toy
    _read_only(server, toy, on=True)
    _is_left_to_others(toy, "default_transaction_read_only is on")
    boot = Boot(toy)
    assert boot.waits("default_transaction_read_only is on"), boot.said
    _read_only(server, toy, on=False)
    boot.is_ready()
    _read_only(server, toy, on=True)
    Boot(toy).is_ready()
    _read_only(server, toy, on=False)
    assert_settled(toy)


def test_a_database_that_becomes_read_only(server: PostgresServer, postgresql_toy: Toy) -> None:
    """As providers do where a disk is nearly full: the run that was cut off waits, and goes on."""
    toy = postgresql_toy
    gate = Gate(toy)
    boot = Boot(toy)
    assert gate.reached()
    _read_only(server, toy, on=True)
    server.admin_execute(
        f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{database_of(toy)}'"
    )
    gate.open()
    assert boot.waits("at work"), boot.said
    _read_only(server, toy, on=False)
    boot.is_ready()
    assert boot.events.count("run_continued") == 1
    assert_settled(toy)


def test_a_standby(server: PostgresServer, postgresql_toy: Toy) -> None:
    """What is ready is ready there; what is pending is waited for, and done once it was promoted."""
    toy, name = postgresql_toy, database_of(postgresql_toy)
    assert toy.initializer().initialize().success
    standby = Standby(server)
    try:
        assert standby.caught_up(name)
        there = Toy(toy.folder, standby.url(name), options=toy.options)
        Boot(there).is_ready()
        there.tables = 4
        there.with_revisions()
        _is_left_to_others(there, "The server is a standby: only its primary can be written.")
        boot = Boot(there)
        assert boot.waits("The server is a standby: only its primary can be written."), boot.said
        standby.promote()
        boot.is_ready()
        assert_settled(there, tables=4)
    finally:
        standby.remove()


def test_a_file_that_is_read_only(tmp_path: Path) -> None:
    """The same on a disk that is mounted to be read only."""
    with small_disk(tmp_path / "small", 4) as disk:
        toy = migrated(tmp_path, f"sqlite:///{disk.path / 'test.db'}")
        assert toy.initializer().initialize().success
        disk.allow(writing=False)
        Boot(toy).is_ready()
        toy.tables = 4
        toy.with_revisions()
        _is_left_to_others(toy, f"This process may not write to {disk.path}")
        boot = Boot(toy)
        assert boot.waits(f"This process may not write to {disk.path}"), boot.said
        disk.allow(writing=True)
        boot.is_ready()
        assert_settled(toy, tables=4)


def test_a_place_that_is_read_only(tmp_path: Path) -> None:
    """Where there is no database yet and none can be made, there is nothing to wait for."""
    with small_disk(tmp_path / "small", 4) as disk:
        toy = migrated(tmp_path, f"sqlite:///{disk.path / 'test.db'}")
        disk.allow(writing=False)
        error = Boot(toy).end().error
        assert error is not None and not error.passing
        disk.allow(writing=True)
        assert toy.initializer().initialize().success
        assert_settled(toy)


def test_a_check_says_that_nothing_can_be_written(server: PostgresServer, postgresql_toy: Toy) -> None:
    """Not only that it was told to check: no other mode could do the work here."""
    toy = postgresql_toy
    _read_only(server, toy, on=True)
    error = toy.initializer().attend(mode="check").error
    assert error is not None and error.reference == "pending-work"
    assert error.context[0].startswith("The database is read-only here: default_transaction_read_only is on")
    assert "can be written in database_url" in error.fix
    _read_only(server, toy, on=False)
    error = toy.initializer().attend(mode="check").error
    assert error is not None and error.context == ("first boot",) and "initdb run" in error.fix
