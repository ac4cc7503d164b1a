"""The counts of the crash tests at the end of a test run, whichever process they ran in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.crash.sweeping import Done
from tests.support.product_tree import TREE, outdated, product_tree

REPORT = TREE / "docs" / "crash-report.md"

PROPERTY = "crash_points"


def record(done: Done, record_property: Callable[[str, object], None]) -> None:
    """Hand the counts of a sweep over to whoever prints the summary."""
    counts = done.counts
    told = {"layer": done.task.layer, "points": counts.points, "states": len(counts.states)}
    record_property(PROPERTY, json.dumps(told | {"failed": len(counts.problems)}))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """A line for each layer, and their sum; and whether the report is about other code than this."""
    sums: dict[str, list[int]] = {}
    for reports in terminalreporter.stats.values():
        for one in reports:
            for name, value in getattr(one, "user_properties", ()):
                if name == PROPERTY and getattr(one, "when", "") == "call":
                    said = json.loads(value)
                    numbers = [said["points"], said["states"], said["failed"]]
                    before = sums.setdefault(said["layer"], [0, 0, 0])
                    sums[said["layer"]] = [a + b for a, b in zip(before, numbers, strict=True)]
    if not sums:
        return
    terminalreporter.section("crash points")
    for layer, (points, states, failed) in sorted(sums.items()):
        terminalreporter.write_line(f"{layer}: {points} points, {states} states, {failed} failed")
    total = [sum(column) for column in zip(*sums.values(), strict=True)]
    terminalreporter.write_line(f"all: {total[0]} points, {total[1]} states, {total[2]} failed")
    if told := outdated(REPORT.read_text(encoding="utf-8"), product_tree()):
        terminalreporter.write_line(f"docs/crash-report.md is not of this code: {told}. Anew: make crash")
