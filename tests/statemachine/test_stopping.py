"""A run that is told to stop ends in order, also in the middle of a long statement."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.support.toy import Toy

LONG = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000)"
    " SELECT max(i) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
}


@pytest.fixture
def toy(tmp_path: Path, database_url: str) -> Toy:
    """The second of three revisions takes a minute."""
    toy = Toy(tmp_path, database_url, options={"schema_from": "migrations"}).with_revisions()
    toy.revision(
        2, f"    open({str(tmp_path / 'begun')!r}, 'w').close()\n    op.execute({LONG[_name(toy)]!r})"
    )
    return toy


def _name(toy: Toy) -> str:
    return toy.url.split(":", 1)[0].split("+", 1)[0]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_cancels_the_statement_and_stops_the_run(toy: Toy, signum: int) -> None:
    """Within a moment, with `run_stopped` as the last event; what stood before stands, the step does not."""
    child = os.fork()
    if child == 0:
        result = toy.initializer().initialize()
        os._exit(result.exit_code)
    give_up = time.monotonic() + 20
    while not (toy.folder / "begun").exists() and time.monotonic() < give_up:
        time.sleep(0.01)
    time.sleep(0.1)
    begun = time.monotonic()
    os.kill(child, signum)
    _, status = os.waitpid(child, 0)
    assert os.WEXITSTATUS(status) == 128 + signum
    assert time.monotonic() - begun < 5
    assert toy.types()[-2:] == ["migration_applied", "run_stopped"]
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r1",)]
    toy.with_revisions()
    result = toy.initializer().initialize()
    assert result.success, result.errors
    assert toy.types().count("run_started") == 2
