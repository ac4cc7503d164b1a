"""What the crash tests share: one sweep, reported and counted."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash import report, telling
from tests.crash.scenario import POSTGRESQL
from tests.crash.sweeping import Task, memory, sweep

Sweep = Callable[[Task], None]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A new folder in memory, where there is one."""
    path = Path(tempfile.mkdtemp(prefix="initdb-crash-", dir=memory()))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def holds(
    request: pytest.FixtureRequest, folder: Path, record_property: Callable[[str, object], None]
) -> Sweep:
    """Sweep a task; fails with the command that repeats each point at which something did not hold."""

    def sweep_and_judge(task: Task) -> None:
        server = request.getfixturevalue("server") if task.database == POSTGRESQL else None
        done = sweep(task, folder / task.name, server)
        telling.record(done, record_property)
        assert done.counts.points, "not one point was tried"
        assert not done.counts.problems, "\n" + "\n".join(report.failures(done.counts))

    return sweep_and_judge
