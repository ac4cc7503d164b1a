"""Layer C, the short form: SQLite's system calls fail, once or for ever, and a disk that is full."""

from __future__ import annotations

import pytest

from tests.crash.conftest import Sweep
from tests.crash.scenario import SQLITE_JOURNAL, SQLITE_WAL
from tests.crash.sweeping import Task


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("database", "kind", "every"),
    [
        (SQLITE_WAL, "eio-once", 10),
        (SQLITE_JOURNAL, "eio-ever", 10),
        (SQLITE_WAL, "full-ever", 13),
        (SQLITE_JOURNAL, "full-once", 13),
        (SQLITE_JOURNAL, "half-ever", 13),
        (SQLITE_WAL, "half-kill", 13),
        (SQLITE_WAL, "read-once", 7),
        (SQLITE_JOURNAL, "read-ever", 7),
    ],
)
def test_a_run_whose_disk_fails_says_so_and_the_next_one_ends_as_if_it_had_not(
    database: str, kind: str, every: int, holds: Sweep
) -> None:
    """A run that completes all the same is one that was not interrupted; no error is a traceback."""
    holds(Task("C", "models", database, kind, every))
