"""What a bad writer has appended all the same, or somebody edited, is set aside, and boots go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from initdb.errors import InitError
from initdb.events.find import find
from initdb.events.sessions import session
from initdb.statemachine.decide.audit import audit
from initdb.statemachine.setting_aside import set_aside
from tests.bad_journals.owner import append_entry
from tests.support.guards import guards_off
from tests.support.toy import Toy, migrated

BAD: dict[str, dict[str, Any]] = {
    "a second beginning": {"type": "journal_created", "data": {"application": "theirs", "journal": "x"}},
    "an unknown state": {"type": "polished", "trigger": "polish", "dest": "shining"},
    "a newer version": {"v": 99},
    "a hold": {"type": "migration_reverted", "data": {"revision": "r3", "heads": ["r2"]}, "dest": "behind"},
}


@pytest.fixture
def toy(tmp_path: Path, database_url: str) -> Toy:
    """A ready database."""
    toy = migrated(tmp_path, database_url)
    assert toy.initializer().initialize().success
    return toy


def _aside(toy: Toy, seq: int) -> None:
    set_aside(toy.engine(), toy.initializer().settings, seq, "written by a stranger")


def _is_intact(toy: Toy, seq: int) -> None:
    with session(toy.engine()) as connection:
        found = audit(connection, find(connection, "application", None)[0])
    assert found.findings == ()
    assert {one.seq for one in found.aside} == {seq}
    assert all("written by a stranger" in one.text for one in found.aside)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_entry_is_set_aside(toy: Toy, name: str) -> None:
    """What is known is what it would be without the entry, now and after more work."""
    before = toy.initializer().look().knowledge
    append_entry(toy, **BAD[name])
    seq = before.seq + 1
    _aside(toy, seq)
    known = toy.initializer().look().knowledge
    assert (known.state, known.application, known.held) == (before.state, before.application, before.held)
    assert known.applied == before.applied
    assert toy.initializer().initialize().success
    toy.tables += 1
    toy.with_revisions()
    assert toy.initializer().initialize().success
    _is_intact(toy, seq)


def test_one_that_is_no_event_stops_no_boot(toy: Toy) -> None:
    """It is named, until it is set aside."""
    from initdb.events.chain import link

    ((seq, digest),) = toy.sql("SELECT seq, hash FROM init_journal_head")
    values = (
        f"{seq + 1}, 'r', 'then', 'x', 'ready', 'ready', 'nonsense', '{digest}', '{link(digest, 'nonsense')}'"
    )
    with toy.engine().begin() as connection, guards_off(connection):
        connection.exec_driver_sql(f"INSERT INTO init_journal VALUES ({values})")
        connection.exec_driver_sql(
            f"UPDATE init_journal_head SET seq = {seq + 1}, hash = '{link(digest, 'nonsense')}'"
        )
    ended = toy.initializer().initialize()
    assert ended.success
    assert any(f"Entry {seq + 1} of the journal cannot be read" in one for one in ended.warnings)
    toy.with_seeds(7)
    assert toy.initializer().initialize().success
    _aside(toy, seq + 1)
    assert not any("cannot be read" in one for one in toy.initializer().initialize().warnings)
    _is_intact(toy, seq + 1)


def test_an_edit_since_the_last_ready_is_named(toy: Toy) -> None:
    """Without verify. Set aside, it is no finding, and boots go on."""
    append_entry(toy)
    append_entry(toy)
    seq = toy.initializer().look().knowledge.seq
    with toy.engine().begin() as connection, guards_off(connection):
        connection.exec_driver_sql(
            "UPDATE init_journal SET event = replace(event, '\"data\":{}', '\"data\":[]')"
            f" WHERE seq = {seq - 1}"
        )
    for _ in range(2):
        (said,) = toy.initializer().initialize().errors
        assert "journal-tampered" in said and f"Entry {seq - 1} was edited" in said
    _aside(toy, seq - 1)
    assert toy.initializer().initialize().success
    _is_intact(toy, seq - 1)


@pytest.mark.parametrize("seq", [1, 999])
def test_what_cannot_be_set_aside(toy: Toy, seq: int) -> None:
    """The first entry says whose journal it is."""
    before = toy.types()
    with pytest.raises(InitError, match="set-aside-refused"):
        _aside(toy, seq)
    assert toy.types() == before
