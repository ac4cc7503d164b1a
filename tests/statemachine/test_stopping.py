"""A run that a signal stops ends in order, also during a long statement."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from initdb.statemachine.loop import signals
from tests.support.toy import Toy, table_up
from tests.support.waiting import wait_until

LONG = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000)"
    " SELECT max(i) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
}


@pytest.fixture
def toy(tmp_path: Path, database_url: str) -> Toy:
    """An application whose second revision of three takes a minute."""
    toy = Toy(tmp_path, database_url, options={"schema_from": "migrations"}).with_revisions()
    toy.revision(
        2, f"    open({str(tmp_path / 'begun')!r}, 'w').close()\n    op.execute({LONG[_name(toy)]!r})"
    )
    return toy


def _name(toy: Toy) -> str:
    return toy.url.split(":", 1)[0].split("+", 1)[0]


def _forked(toy: Toy) -> int:
    """The id of a child that boots. Its exit code is that of the boot."""
    child = os.fork()
    if child == 0:
        os._exit(toy.initializer().attend(host=True).exit_code)
    return child


def _begun(toy: Toy) -> int:
    """The same, when the child has begun the second revision."""
    child = _forked(toy)
    assert wait_until((toy.folder / "begun").exists)
    time.sleep(0.1)
    return child


def _ends(child: int, signum: int) -> None:
    """The child ends within 5 s, with the exit code of the signal."""
    begun = time.monotonic()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 128 + signum
    assert time.monotonic() - begun < 5


def _goes_on(toy: Toy) -> None:
    """The next boot is ready, with a second revision that does not take long."""
    toy.with_revisions()
    result = toy.initializer().initialize()
    assert result.success, result.errors


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_cancels_the_statement_and_stops_the_run(toy: Toy, signum: int) -> None:
    """It ends within a moment, with `run_stopped` as the last event. The step is rolled back, and earlier
    work remains."""
    child = _begun(toy)
    os.kill(child, signum)
    _ends(child, signum)
    assert toy.types()[-2:] == ["migration_applied", "run_stopped"]
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r1",)]
    _goes_on(toy)
    assert toy.types().count("run_started") == 2


def test_a_signal_just_before_a_long_statement(toy: Toy) -> None:
    """There is nothing to cancel yet. The statement is cancelled when it runs."""
    begun, long = str(toy.folder / "begun"), LONG[_name(toy)]
    toy.revision(
        2,
        f"    import time\n    open({begun!r}, 'w').close()\n    time.sleep(0.5)\n    op.execute({long!r})",
    )
    child = _begun(toy)
    os.kill(child, signal.SIGTERM)
    _ends(child, signal.SIGTERM)
    assert toy.types()[-2:] == ["migration_applied", "run_stopped"]
    _goes_on(toy)


def _sleeps(toy: Toy) -> Toy:
    """The second revision runs Python code, which no cancelled statement ends."""
    begun = str(toy.folder / "begun")
    toy.revision(2, f"    open({begun!r}, 'w').close()\n    __import__('time').sleep(60)")
    return toy


def test_python_that_does_not_stop_is_left(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The process ends after some seconds, before the sender of the signal would kill it. The next boot
    resumes."""
    monkeypatch.setattr(signals, "GRACE", 0.3)
    child = _begun(_sleeps(toy))
    os.kill(child, signal.SIGTERM)
    _ends(child, signal.SIGTERM)
    told = capfd.readouterr().err
    assert "SIGTERM: it did not end within 0.3 s" in told and "initdb run" in told
    assert toy.types()[-1] == "migration_applied"
    _goes_on(toy)
    assert toy.types().count("run_resumed") == 1


def test_who_asks_twice_waits_no_longer(toy: Toy, capfd: pytest.CaptureFixture[str]) -> None:
    """A second Ctrl-C ends the process at once. The first one, passed on by a parent, does not."""
    child = _begun(_sleeps(toy))
    for _ in range(2):
        os.kill(child, signal.SIGINT)
        time.sleep(0.02)
    time.sleep(signals.AGAIN + 0.1)
    assert os.waitpid(child, os.WNOHANG) == (0, 0)
    os.kill(child, signal.SIGINT)
    _ends(child, signal.SIGINT)
    assert "asked twice" in capfd.readouterr().err
    _goes_on(toy)


def test_a_revision_may_have_children_that_are_ended(toy: Toy) -> None:
    """The pools of multiprocessing end their children by a SIGTERM, which is the child's alone."""
    toy.revision(
        2,
        f"""    from multiprocessing import get_context
    with get_context("fork").Pool(2) as pool:
        assert pool.map(abs, [-1, -2]) == [1, 2]
{table_up(2)}""",
    )
    _, status = os.waitpid(_forked(toy), 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert toy.types().count("run_started") == 1 and toy.types()[-1] == "health_validated"


def test_a_signal_breaks_off_the_pause_before_a_retry() -> None:
    """A library's `time.sleep` would go on to its end."""
    stopper = signals.Stopper()
    begun = time.monotonic()
    with signals.graceful(stopper, host=True), pytest.raises(signals.Stopped):
        timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM))
        timer.start()
        stopper.pause(30)
    timer.join()
    assert time.monotonic() - begun < 5
