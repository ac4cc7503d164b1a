"""However many boot at once, the work is done once and the others see it done."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.swarm import boot_together
from tests.support.toy import Toy


@pytest.fixture
def toy(tmp_path: Path, database_url: str) -> Toy:
    """Three tables, three revisions, one seed file, nothing done yet."""
    return Toy(tmp_path, database_url).with_revisions().with_seeds()


def test_thirty_boot_at_once_on_an_empty_database(toy: Toy) -> None:
    """One works; twenty-nine wait for it by name and see ready; nothing twice, no error."""
    booted = boot_together(toy, 30, thinking=0.5)
    assert {one.outcome for one in booted} == {"ready"}, [one.errors for one in booted if one.errors]
    workers = [one for one in booted if one.steps]
    assert len(workers) == 1
    assert toy.types() == [
        "journal_created",
        "run_started",
        "database_inspected",
        "schema_created",
        "seed_batch_applied",
        "health_validated",
    ]
    waited = [text for one in booted for text in one.waited]
    assert any("toy on" in text and "is at work" in text for text in waited)
    assert toy.sql("SELECT count(*) FROM t1") == [(5,)]


def test_twenty_on_a_revision_that_always_fails_make_one_attempt(toy: Toy) -> None:
    """Nineteen show the error that the one met, word for word."""
    toy.options["schema_from"] = "migrations"
    toy.revision(2, "    1 / 0")
    booted = boot_together(toy, 20, thinking=0.1)
    assert {one.outcome for one in booted} == {"failed"}
    assert len({one.errors for one in booted}) == 1
    assert toy.types().count("step_failed") == 1
    assert toy.types().count("run_started") == 1


def test_five_resumes_of_one_failure_try_once(toy: Toy) -> None:
    """A resume names the failure that it overrides: the others adopt the new one."""
    toy.options["schema_from"] = "migrations"
    toy.revision(2, "    1 / 0")
    toy.initializer().initialize()
    from initdb.statemachine import commands

    failure = commands.resume(toy.initializer().see())
    assert failure.override is not None
    first = toy.initializer().attend(failure)
    again = [toy.initializer().attend(failure) for _ in range(4)]
    assert first.ending == "failed"
    assert {one.ending for one in again} == {"failed"}
    assert toy.types().count("step_failed") == 2


def test_two_versions_of_the_code_at_once_never_downgrade_and_come_to_rest(toy: Toy, tmp_path: Path) -> None:
    """Old and new replicas boot together on an empty database: all serve, and the next boots write
    nothing."""
    newer = Toy(tmp_path / "newer", toy.url, tables=4)
    newer.folder.mkdir()
    newer.with_revisions().with_seeds()
    newer.initializer()
    old_first = [toy if number % 2 else newer for number in range(10)]

    booted = boot_together(toy, 10, thinking=0.05, prepare=lambda number: old_first[number])
    assert {one.outcome for one in booted} <= {"ready", "ahead"}, [one.errors for one in booted if one.errors]
    before = newer.types()
    assert newer.initializer().initialize().success
    assert toy.initializer().initialize().outcome == "ahead"
    assert newer.types() == before
    assert newer.sql("SELECT version_num FROM alembic_version") == [("r4",)]
