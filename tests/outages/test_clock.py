"""The machine's clock is changed while a boot works or waits, with libfaketime in a child process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from initdb.events.baton import try_baton
from tests.support.debian import library
from tests.support.settled import assert_settled
from tests.support.toy import Toy, table_up

ROOT = Path(__file__).parents[2]
BOOT = """
import sys
from pathlib import Path
from initdb.statemachine.site import Watcher
from tests.support.toy import Toy
folder, url, tables, wait_limit = sys.argv[1:]
toy = Toy(Path(folder), url, int(tables), {"schema_from": "migrations"})
initializer = toy.initializer(wait_limit=wait_limit)
initializer.site.watcher = Watcher(waiting=lambda waiting: print(waiting.why, flush=True))
sys.exit(initializer.attend().exit_code)
"""


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    """What is written here, such as +3600, is what the child's clock is ahead by, in s."""
    file = tmp_path / "clock"
    file.write_text("+0")
    return file


def _boot(toy: Toy, clock: Path, wait_limit: str = "300s") -> subprocess.Popen[str]:
    """A boot under that clock; its monotonic one is the machine's, which nobody can set."""
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "LD_PRELOAD": str(library("*/faketime/libfaketime.so.1", "libfaketime")),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    words = [sys.executable, "-c", BOOT, str(toy.folder), toy.url, str(toy.tables), wait_limit]
    return subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, text=True)


def _steps(toy: Toy, number: int, clock: Path, step: str) -> None:
    """Revision `number` steps the clock."""
    body = f"    import pathlib\n    pathlib.Path({str(clock)!r}).write_text({step!r})"
    toy.revision(number, f"{table_up(number)}\n{body}")


def test_a_clock_that_is_stepped_in_a_run(toy: Toy, clock: Path) -> None:
    """An hour back, then a day forth: the times are what the clock said, the order is the journal's."""
    _steps(toy, 1, clock, "-3600")
    _steps(toy, 2, clock, "+86400")
    with _boot(toy, clock) as boot:
        assert boot.wait() == 0
    entries = {one.data.get("revision", one.type): one for one in assert_settled(toy)}
    assert entries["r1"].at < entries["run_started"].at < entries["r2"].at


def test_a_failure_that_is_of_tomorrow(sqlite_toy: Toy, clock: Path) -> None:
    """Its pause is not waited for until tomorrow, where the clock has been set right since."""
    toy = sqlite_toy
    toy.revision(2, f"{table_up(2)}{_fails_once(toy.folder / 'failed')}")
    clock.write_text("+86400")
    with _boot(toy, clock) as boot:
        assert boot.wait() == 1
    verdict = toy.initializer().verdict()
    assert (verdict.kind, verdict.reason) == ("work", "retry")
    assert toy.initializer().initialize().success
    assert_settled(toy)


def _fails_once(flag: Path) -> str:
    """Python that fails as a statement does that is interrupted: in a way that passes."""
    return f"""
    import pathlib, sqlite3
    if not pathlib.Path({str(flag)!r}).exists():
        pathlib.Path({str(flag)!r}).touch()
        error = sqlite3.OperationalError("interrupted")
        error.sqlite_errorcode = sqlite3.SQLITE_INTERRUPT
        raise error"""


@pytest.mark.parametrize("step", ["-86400", "+86400"])
def test_a_clock_that_is_stepped_while_a_boot_waits(sqlite_toy: Toy, clock: Path, step: str) -> None:
    """wait_limit is a length of time: neither over at once, nor a day longer."""
    toy = sqlite_toy
    assert toy.initializer().initialize().success
    toy.tables = 4
    toy.with_revisions()
    initializer = toy.initializer()
    baton = try_baton(initializer.engine, initializer.look().journal)
    assert baton is not None
    with _boot(toy, clock, "700ms") as boot:
        assert boot.stdout is not None and "is at work" in boot.stdout.readline()
        began = time.monotonic()
        clock.write_text(step)
        assert boot.wait(30) == 3
        lasted = time.monotonic() - began
    baton.release()
    assert 0.4 < lasted < 10.0
