"""A long sweep that is interrupted says so, and goes on where it stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.scenario import SQLITE_WAL
from tests.crash.sweeping import Course, Task, work_off


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_run_that_is_cut_short_says_so_and_goes_on(tmp_path: Path) -> None:
    """Sweeps that came to their end are kept; those that were cut off, or not begun, are made anew."""
    report, kept = tmp_path / "report.md", tmp_path / "kept"
    tasks = [Task("C", "models", SQLITE_WAL, kind, 60) for kind in ("eio-once", "half-kill")]
    assert work_off(tasks[:1], Course(1, target=report, kept=kept)) == 0
    assert "cut short" not in report.read_text()
    assert work_off(tasks, Course(1, minutes=0, target=report, kept=kept)) == 0
    assert "Of 2 sweeps 0 were cut off on the way and 1 were not begun" in report.read_text()
    assert work_off(tasks, Course(1, target=report, kept=kept)) == 0
    told = report.read_text()
    assert "cut short" not in told and "These are 3 runs" in told
    assert "eio-once" in told and "half-kill" in told
