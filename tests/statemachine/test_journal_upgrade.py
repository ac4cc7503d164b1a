"""The first run that has work upgrades a journal of an older initdb."""

from __future__ import annotations

from pathlib import Path

import pytest

from initdb.events.head import SCHEMA_VERSION
from tests.support.states import database_state
from tests.support.toy import Toy


@pytest.fixture
def toy(tmp_path: Path, database_url: str) -> Toy:
    """A ready application with a journal of version 1, which has no indexes. On PostgreSQL the journal has a
    schema of its own."""
    toy = Toy(tmp_path, database_url, options={"journal_schema": "audit"}).with_revisions().with_seeds()
    guard, at = "init_journal_head_move", "main."
    sqlite = database_url.startswith("sqlite")
    if not sqlite:
        toy.sql("CREATE SCHEMA audit")
        at = "audit."
    assert toy.initializer().initialize().success
    if sqlite:
        (made,) = toy.sql(f"SELECT sql FROM sqlite_schema WHERE name = '{guard}'")
        off, on = f"DROP TRIGGER {guard}", made[0]
    else:
        off = f"ALTER TABLE {at}init_journal_head DISABLE TRIGGER {guard}"
        on = f"ALTER TABLE {at}init_journal_head ENABLE TRIGGER {guard}"
    toy.sql(
        off,
        f"UPDATE {at}init_journal_head SET schema_version = 1",
        on,
        f"DROP INDEX {at}init_journal_run",
        f"DROP INDEX {at}init_journal_type_seq",
        f"UPDATE {at}init_journal_version SET version_num = '0001'",
    )
    return toy


def test_a_ready_database_is_left_as_it_is(toy: Toy) -> None:
    """An older journal alone is no reason for work."""
    before = toy.types()
    assert toy.initializer().initialize().success
    assert toy.types() == before


def test_the_next_run_upgrades_in_its_first_transaction(toy: Toy, tmp_path: Path) -> None:
    """There is an event of its own. The schema is then that of a new journal."""
    toy.with_seeds(6)
    result = toy.initializer().initialize()
    assert result.success, result.errors
    assert toy.types()[6:8] == ["journal_upgraded", "run_started"]
    upgraded = list(toy.initializer().entries())[6]
    assert upgraded.data == {"from": 1, "to": SCHEMA_VERSION}
    at = "main" if toy.url.startswith("sqlite") else "audit"
    assert toy.sql(f"SELECT schema_version FROM {at}.init_journal_head") == [(SCHEMA_VERSION,)]
    indexes = {"init_journal_run", "init_journal_type_seq"}
    engine = toy.engine()
    assert all(name in str(database_state(engine)) for name in indexes)
    engine.dispose()
