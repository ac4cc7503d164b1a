"""Layer A, the short form: every second statement, on SQLite in one of its modes; each state resumed once."""

from __future__ import annotations

from itertools import cycle

import pytest

from tests.crash.conftest import Sweep
from tests.crash.scenario import SQLITE_JOURNAL, SQLITE_WAL
from tests.crash.scenarios import SCENARIOS
from tests.crash.sweeping import Task

SMALL = [name for name, scenario in SCENARIOS.items() if scenario.small]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("scenario", "database"), zip(SMALL, cycle([SQLITE_WAL, SQLITE_JOURNAL]), strict=False)
)
def test_a_run_killed_at_any_statement_ends_as_one_that_was_not(
    scenario: str, database: str, holds: Sweep
) -> None:
    """After one resume: rows, schema, version rows and journal, every effect once."""
    holds(Task("A", scenario, database, "kill", 2))
