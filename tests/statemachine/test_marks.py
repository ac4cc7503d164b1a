"""A person says that a revision is applied: what is recorded, and when it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from initdb.statemachine import orders
from tests.support.toy import Toy, migrated


@pytest.fixture
def toy(tmp_path: Path, database_url: str) -> Toy:
    """An application that is ready, with three revisions."""
    toy = migrated(tmp_path, database_url)
    assert toy.initializer().initialize().success
    return toy


def test_a_lost_version_row_is_written_again(toy: Toy) -> None:
    """The journal knows r3 and the version table r2. The tables prove nothing: one has another column."""
    toy.sql("UPDATE alembic_version SET version_num = 'r2'", "ALTER TABLE t3 ADD COLUMN extra INTEGER")
    result = toy.initializer().initialize()
    assert "history-conflict" in result.errors[0], result.errors
    outcome = toy.initializer().attend(orders.resume(toy.initializer().look(), mark=["r3"]))
    assert outcome.ending == "ready", outcome.error
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r3",)]
    (repair,) = [entry for entry in toy.initializer().entries() if entry.type == "repair_applied"]
    assert (repair.data["heads"], repair.data["marked"]) == (["r3"], True)


def test_where_nothing_is_to_be_applied_it_is_refused(toy: Toy) -> None:
    """The seeds changed, and the revisions are all applied. The error names the revision and the state."""
    toy.with_seeds(rows=6)
    outcome = toy.initializer().attend(orders.resume(toy.initializer().look(), mark=["r3"]))
    assert outcome.ending == "failed" and outcome.error is not None
    assert outcome.error.reference == "mark-refused"
    assert outcome.error.context == ("revision r3", "The database is unseeded.")
    assert toy.initializer().initialize().success
