"""Which process is the one that a journal names, where the system does not say which files a process has."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from initdb.statemachine.loop.take_over import _began


def test_when_a_process_began() -> None:
    """As `ps` of POSIX tells it, to the second."""
    began = _began(os.getpid())
    really = datetime.fromtimestamp(psutil.Process().create_time(), UTC)
    assert began is not None and abs(began - really) < timedelta(seconds=3)


@pytest.mark.parametrize(
    ("said", "age"),
    [
        ("      00:07", timedelta(seconds=7)),
        ("   02:03:04", timedelta(hours=2, minutes=3, seconds=4)),
        ("12-01:00:05", timedelta(days=12, hours=1, seconds=5)),
    ],
)
def test_every_way_to_tell_an_age(
    said: str, age: timedelta, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[[dd-]hh:]mm:ss."""
    ps = tmp_path / "ps"
    ps.write_text(f"#!/bin/sh\necho '{said}'\n")
    ps.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    began = _began(4711)
    assert began is not None and abs(datetime.now(UTC) - began - age) < timedelta(seconds=3)


@pytest.mark.parametrize("script", ["exit 1", "echo", "echo no such process"])
def test_of_a_process_that_is_not_there_nothing_is_known(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is not ended."""
    ps = tmp_path / "ps"
    ps.write_text(f"#!/bin/sh\n{script}\n")
    ps.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert _began(4711) is None
