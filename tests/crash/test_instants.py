"""Layer G, the short form: SIGKILL at random instants, and a resume before anything has settled."""

from __future__ import annotations

import pytest

from tests.crash.conftest import Sweep
from tests.crash.scenario import DATABASES
from tests.crash.sweeping import Task


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("database", DATABASES)
def test_a_run_killed_at_any_instant_ends_as_one_that_was_not(database: str, holds: Sweep) -> None:
    """Wherever the clock finds it, in Python or in the driver or in the server."""
    holds(Task("G", "migrations", database, "instant", 30))
