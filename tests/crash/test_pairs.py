"""Layer R, the short form: a resume that is stopped as well, at every point, and resumed."""

from __future__ import annotations

import pytest

from tests.crash.conftest import Sweep
from tests.crash.scenario import SQLITE_JOURNAL, SQLITE_WAL
from tests.crash.sweeping import Task


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("database", [SQLITE_WAL, SQLITE_JOURNAL])
def test_a_resume_that_is_stopped_too_is_resumed(database: str, holds: Sweep) -> None:
    """Of an order, which must not be carried out twice by it."""
    holds(Task("R", "rollback-one", database, "pair", 4))
