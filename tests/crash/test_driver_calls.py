"""Layer D, the short form: PostgreSQL at every so many calls to the driver, the kinds of fault in turn."""

from __future__ import annotations

import pytest

from tests.crash.conftest import Sweep
from tests.crash.scenario import POSTGRESQL
from tests.crash.sweeping import Task


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("scenario", "kind", "every"),
    [
        ("migrations", "kill", 109),
        ("models", "kill", 71),
        ("repair", "terminate", 61),
        ("migrations", "terminate", 71),
        ("batches", "cut", 131),
        ("rollback-one", "cut", 23),
    ],
)
def test_a_run_cut_off_at_any_call_ends_as_one_that_was_not(
    scenario: str, kind: str, every: int, holds: Sweep
) -> None:
    """Killed: after one resume. Its backend ended or its socket cut: by itself."""
    holds(Task("D", scenario, POSTGRESQL, kind, every))
