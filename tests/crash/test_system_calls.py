"""Layer B, the short form: SQLite's system calls replayed, and proof that the model of a disk has teeth."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash import trying
from tests.crash.conftest import Sweep
from tests.crash.judging import Judge
from tests.crash.layers import system_calls
from tests.crash.places import SqlitePlace, make_place
from tests.crash.recording import record
from tests.crash.scenario import SQLITE_JOURNAL, SQLITE_WAL
from tests.crash.scenarios import SCENARIOS
from tests.crash.sweeping import Task

MODES = pytest.mark.parametrize("database", [SQLITE_WAL, SQLITE_JOURNAL])


@pytest.mark.slow
@pytest.mark.timeout(300)
@MODES
@pytest.mark.parametrize(("kind", "every"), [("kill", 7), ("torn", 13), ("power", 13)])
def test_a_run_stopped_at_any_system_call_ends_as_one_that_was_not(
    database: str, kind: str, every: int, holds: Sweep
) -> None:
    """Killed between two calls, in the middle of a write, or with the power cut."""
    holds(Task("B", "models", database, kind, every))


@pytest.mark.slow
@pytest.mark.timeout(300)
@MODES
def test_a_disk_that_does_not_write_what_it_says_is_found_out(database: str, folder: Path) -> None:
    """With synchronous=OFF, which is a disk that heeds no sync, power cuts must do damage that is seen.

    What was committed is lost, too, in a database that is whole: only what the run was told shows it.
    """
    place = make_place(SCENARIOS["models"], database, folder / "app", None)
    assert isinstance(place, SqlitePlace)
    judge = Judge(place, trying.expect(place))
    place.reset()
    start = place.read()
    seen = {"damaged": 0, "forgotten": 0}
    for left in system_calls.remains(start, record(place), "power", every=9, heeds_syncs=False):
        damage = judge.problems(left.image)
        said = judge.problems(left.image, left.told)
        seen["damaged"] += bool(damage)
        seen["forgotten"] += not damage and any("events that were committed" in one for one in said)
        if all(seen.values()):
            return
    pytest.fail(f"no power cut did that damage: {seen}")
