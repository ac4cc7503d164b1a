"""Layer H, the short form: two boots at once in every so many orders of their steps."""

from __future__ import annotations

import pytest

from tests.crash.conftest import Sweep
from tests.crash.scenario import POSTGRESQL, SQLITE_JOURNAL, SQLITE_WAL
from tests.crash.sweeping import Task


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("database", "kind", "every"),
    [
        (SQLITE_WAL, "switches", 130),
        (SQLITE_JOURNAL, "death", 70),
        (SQLITE_WAL, "apart", 130),
        (POSTGRESQL, "switches", 650),
        (POSTGRESQL, "death", 300),
        (POSTGRESQL, "apart", 1500),
    ],
)
def test_two_boots_in_any_order_do_the_work_once(database: str, kind: str, every: int, holds: Sweep) -> None:
    """Also where one dies, and where neither's baton keeps the other out."""
    holds(Task("H", "models", database, kind, every))
