"""The process that a journal names: it has the file open, and is not younger than its run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from initdb.errors import InitError
from initdb.events.clock import Clock
from initdb.events.knowledge import RunRecord
from initdb.statemachine.loop import take_over

HOLD = """
import sqlite3, sys, time
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("holds", flush=True)
time.sleep(60)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The baton's file."""
    return tmp_path / "shop.db-initdb"


@pytest.fixture
def holder(file: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the baton."""
    words = (sys.executable, "-c", HOLD, str(file))
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holds\n"
        yield process
        process.kill()


def _run(pid: int, at: datetime | None = None) -> RunRecord:
    return RunRecord(
        "run", 1, (at or datetime.now(UTC)).isoformat(), {"host": os.uname().nodename, "pid": pid}
    )


def test_the_process_that_has_the_file_open_is_ended(file: Path, holder: subprocess.Popen[str]) -> None:
    """The result says how."""
    assert take_over._end_process(file, _run(holder.pid), Clock(), 5.0) == (
        f"process {holder.pid} (SIGTERM)",
    )
    assert holder.wait(10) == -signal.SIGTERM


def test_a_process_that_began_after_the_run_is_not_the_one(file: Path, holder: subprocess.Popen[str]) -> None:
    """Its id was another process's when the run began, although it holds the file now."""
    before = datetime.now(UTC) - timedelta(minutes=1)
    with pytest.raises(InitError, match="is not the one"):
        take_over._end_process(file, _run(holder.pid, before), Clock(), 0.1)
    assert holder.poll() is None


def test_a_process_that_ended_is_not_the_one(file: Path, holder: subprocess.Popen[str]) -> None:
    """No process has its id."""
    with subprocess.Popen(["true"]) as gone:
        pass
    with pytest.raises(InitError, match="is not the one"):
        take_over._end_process(file, _run(gone.pid), Clock(), 0.1)


def test_another_process_that_gets_the_number_meanwhile_is_left_alone(
    file: Path, holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The holder dies between the look and the signal, and another process gets its id."""
    seen = psutil.Process(holder.pid)
    monkeypatch.setattr(seen, "_ident", (holder.pid, seen.create_time() - 100))
    monkeypatch.setattr(take_over, "_certain", lambda *_: seen)
    monkeypatch.setattr(take_over, "PATIENCE", 0.1)
    with pytest.raises(InitError, match="somebody still holds"):
        take_over._end_process(file, _run(holder.pid), Clock(), 0.1)
    assert holder.poll() is None


@pytest.mark.parametrize("denied", ["open_files", "send_signal"])
def test_a_process_of_another_user_is_refused(
    file: Path, holder: subprocess.Popen[str], denied: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system hides its files, or does not let this user send a signal."""

    def refused(process: psutil.Process, *_: object) -> None:
        raise psutil.AccessDenied(process.pid)

    monkeypatch.setattr(psutil.Process, denied, refused)
    with pytest.raises(InitError, match=f"let this user look into process {holder.pid}"):
        take_over._end_process(file, _run(holder.pid), Clock(), 0.1)
    assert holder.poll() is None
