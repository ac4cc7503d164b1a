"""What the crash tests share: one sweep, told and counted."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash import report, telling, trying
from tests.crash.places import Place, make_place
from tests.crash.scenario import POSTGRESQL
from tests.crash.scenarios import SCENARIOS
from tests.crash.sweeping import Task, memory, sweep_at
from tests.crash.trying import Expected
from tests.support.postgres_server import PostgresServer

Sweep = Callable[[Task], None]

Stage = Callable[[Task, PostgresServer | None], tuple[Place, Expected]]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A new folder in memory, where there is one."""
    path = Path(tempfile.mkdtemp(prefix="initdb-crash-", dir=memory()))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def stage(_session_server: PostgresServer) -> Iterator[Stage]:
    """The place of a task, and its uninterrupted run: made once for all layers and kinds."""
    root = Path(tempfile.mkdtemp(prefix="initdb-crash-", dir=memory()))
    made: dict[tuple[str, str], tuple[Place, Expected]] = {}

    def stage_of(task: Task, server: PostgresServer | None) -> tuple[Place, Expected]:
        key = (task.scenario, task.database)
        if key not in made:
            place = make_place(SCENARIOS[task.scenario], task.database, root / "-".join(key), server)
            made[key] = (place, trying.expect(place))
        return made[key]

    yield stage_of
    for place, _ in made.values():
        place.close()
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def holds(
    request: pytest.FixtureRequest,
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> Sweep:
    """Sweep a task; fails with the command that repeats each point at which something did not hold."""
    monkeypatch.setenv("XDG_STATE_HOME", os.environ["XDG_STATE_HOME"])  # places have their own

    def sweep_and_judge(task: Task) -> None:
        server = request.getfixturevalue("server") if task.database == POSTGRESQL else None
        done = sweep_at(*stage(task, server), task)
        telling.record(done, record_property)
        assert done.counts.points, "not one point was tried"
        assert not done.counts.problems, "\n" + "\n".join(report.failures(done.counts))

    return sweep_and_judge
