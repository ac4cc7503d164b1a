"""Layer F, the short form: PostgreSQL's server stopped, restarting itself, or with a full disk."""

from __future__ import annotations

import pytest

from tests.crash.conftest import Sweep
from tests.crash.scenario import POSTGRESQL
from tests.crash.sweeping import Task


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("kind", "every"),
    [("restart", 140), ("away", 140), ("backend", 140), ("full-table", 190), ("full-wal", 400)],
)
def test_a_run_whose_server_goes_ends_as_one_whose_server_stayed(kind: str, every: int, holds: Sweep) -> None:
    """It waits and goes on by itself; of a full disk it may fail, by name, and the next one goes on."""
    holds(Task("F", "models", POSTGRESQL, kind, every))
