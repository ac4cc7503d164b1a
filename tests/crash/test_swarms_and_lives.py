"""Layers I and K, the short form: a few swarms with deaths among them, a few random lives."""

from __future__ import annotations

import pytest

from tests.crash.conftest import Sweep
from tests.crash.scenario import POSTGRESQL, SQLITE_JOURNAL, SQLITE_WAL
from tests.crash.sweeping import Task


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("database", "kind"),
    [
        (SQLITE_WAL, "direct"),
        (SQLITE_JOURNAL, "direct"),
        (POSTGRESQL, "direct"),
        (POSTGRESQL, "pgbouncer"),
        (POSTGRESQL, "crowded"),
    ],
)
def test_the_survivors_of_a_swarm_end_ready(database: str, kind: str, holds: Sweep) -> None:
    """Some die and some are stopped for a while; every step is done once."""
    holds(Task("I", "models", database, kind, 10))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_random_lives_go_as_the_model_says(holds: Sweep) -> None:
    """Of one seed; many more live in tests/model, and on both databases in the long form."""
    holds(Task("K", "lives", SQLITE_WAL, "life", 200))
