"""What other processes do to a database during a run is noticed, and never overwritten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from initdb.events.entry import Entry
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.loop.beginning import Beginning
from initdb.steps.context import Rule
from tests.support.toy import Toy


@pytest.fixture
def toy(tmp_path: Path, database_url: str) -> Toy:
    """An application with three tables, three revisions and one seed file, before its first boot."""
    return Toy(tmp_path, database_url).with_revisions().with_seeds()


def test_a_revision_that_somebody_applies_meanwhile_is_not_run(toy: Toy) -> None:
    """Plain Alembic applies it during a run. It is recorded as applied outside, and the rest goes on."""
    toy.options["schema_from"] = "migrations"

    def meanwhile(entry: Entry) -> None:
        if entry.type == "migration_applied" and entry.data["revision"] == "r1":
            toy.sql(
                "CREATE TABLE t2 (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE)",
                "INSERT INTO t2 VALUES (1, 'by plain Alembic')",
                "UPDATE alembic_version SET version_num = 'r2'",
            )

    initializer = toy.initializer(meanwhile)
    result = initializer.initialize()
    assert result.success, result.errors
    entries = list(initializer.entries())
    assert [e.data["revision"] for e in entries if e.type == "migration_applied"] == ["r1", "r3"]
    assert [e.data.get("outside") for e in entries if e.type == "database_inspected"] == [[], ["r2"]]
    assert toy.sql("SELECT name FROM t2") == [("by plain Alembic",)]


def test_a_lost_revision_of_newer_code_is_missed_by_older(toy: Toy) -> None:
    """A person edited the version row back to the last revision of the older code. The journal says
    otherwise."""
    toy.tables, toy.options["schema_from"] = 4, "migrations"
    toy.with_revisions()
    assert toy.initializer().initialize().success
    toy.sql("UPDATE alembic_version SET version_num = 'r3'")
    toy.migrations.joinpath("versions", "004_r4.py").unlink()
    toy.tables = 3
    before = toy.types()
    result = toy.initializer().initialize()
    assert "history-conflict" in result.errors[0] and "r4" in result.errors[0], result.errors
    assert "migration_applied" not in toy.types()[len(before) :]


def test_what_changes_while_it_is_validated_is_looked_at_again(toy: Toy) -> None:
    """A table that is dropped after its check is created again before any process serves."""
    dropped: list[str] = []

    def rule(connection: Connection) -> list[str]:
        if not dropped:
            dropped.append("t2")
            toy.sql("DROP TABLE t2")
        return []

    made = toy.initializer()
    initializer = Initializer(
        metadata=toy.metadata(),
        seeds=toy.seeds,
        rules=(Rule("meanwhile", rule),),
        settings=made.settings,
    )
    result = initializer.initialize()
    assert result.success, result.errors
    assert dropped and toy.sql("SELECT * FROM t2") == []
    assert toy.types()[-3:] == ["defects_found", "repair_applied", "health_validated"]


def test_a_journal_that_is_made_at_the_last_moment_is_found(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The COMMIT of another first boot arrives late. The run looks again, and nothing is made twice."""
    real = Beginning._create_journal

    def late(beginning: Beginning, events: list[Any]) -> None:
        monkeypatch.undo()
        beginning.baton.release()
        assert toy.initializer().initialize().success
        real(beginning, events)

    monkeypatch.setattr(Beginning, "_create_journal", late)
    result = toy.initializer().initialize()
    assert result.success, result.errors
    assert toy.types().count("journal_created") == 1 and toy.types()[-1] == "health_validated"
