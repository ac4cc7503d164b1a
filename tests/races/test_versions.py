"""Old and new code boot side by side: no downgrade, no flapping, no events without work."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.settled import assert_settled
from tests.support.swarm import boot_together
from tests.support.toy import Toy


@pytest.fixture
def newer(toy: Toy, tmp_path: Path) -> Toy:
    """The same application, one table and one revision further."""
    return _version(toy, tmp_path / "newer")


def _version(toy: Toy, folder: Path) -> Toy:
    folder.mkdir()
    made = Toy(folder, toy.url, tables=toy.tables + 1, options=toy.options)
    return made.with_revisions().with_seeds()


def test_on_an_empty_database(toy: Toy, newer: Toy) -> None:
    """All serve, the newer heads win and stay, and the next boots write nothing."""
    fleet = [toy if number % 2 else newer for number in range(10)]
    booted = boot_together(toy, 10, prepare=lambda number: fleet[number])
    assert {one.outcome for one in booted} <= {"ready", "ahead"}, booted
    entries = assert_settled(newer, tables=4)
    assert "migration_reverted" not in [one.type for one in entries]
    again = boot_together(toy, 6, prepare=lambda number: fleet[number])
    assert [one.outcome for one in again] == ["ready", "ahead"] * 3
    assert len(newer.types()) == len(entries)


def test_on_a_ready_database_nobody_writes(toy: Toy) -> None:
    """Thirty boots with nothing to do leave the journal as it is."""
    assert toy.initializer().initialize().success
    before = toy.types()
    booted = boot_together(toy, 30)
    assert {(one.outcome, one.steps) for one in booted} == {("ready", ())}
    assert toy.types() == before


def test_new_code_that_is_broken_beside_old_code_that_is_good(toy: Toy, newer: Toy) -> None:
    """The old goes on serving, the new shows one failure, and neither makes the other begin again."""
    assert toy.initializer().initialize().success
    newer.revision(4, "    1 / 0")
    fleet = [toy if number % 2 else newer for number in range(10)]
    booted = boot_together(toy, 10, prepare=lambda number: fleet[number])
    assert {one.outcome for one in booted if one.number % 2} == {"ready"}, booted
    assert {one.outcome for one in booted if not one.number % 2} == {"failed"}, booted
    assert len({one.errors for one in booted if not one.number % 2}) == 1
    before = toy.types()
    assert before.count("step_failed") == 1
    again = boot_together(toy, 6, prepare=lambda number: fleet[number])
    assert [one.outcome for one in again] == ["failed", "ready"] * 3
    assert toy.types() == before


def test_three_versions_at_once(toy: Toy, newer: Toy, tmp_path: Path) -> None:
    """Whatever the order, the newest heads are there at the end, each revision was applied once."""
    newest = _version(newer, tmp_path / "newest")
    versions = [toy, newer, newest]
    booted = boot_together(toy, 9, prepare=lambda number: versions[number % 3])
    assert {one.outcome for one in booted} <= {"ready", "ahead"}, booted
    before = len(assert_settled(newest, tables=5))
    for version, outcome in zip(versions, ("ahead", "ahead", "ready"), strict=True):
        assert version.initializer().initialize().outcome == outcome
    assert len(newest.types()) == before
