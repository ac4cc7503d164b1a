"""A child that the application's code forks ends where it would leave the block, as Python would end it."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable

import pytest

from initdb.events.process import in_this_process, only_in

LOST = "initdb: a process that was forked in the middle of a run left the code that forked it, and ends.\n"


class Left(BaseException):
    """Stands in for the end of the process, with its exit code."""

    def __init__(self, code: int) -> None:
        self.code = code


@pytest.fixture
def in_a_child(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From now on this process has another id, as a child has."""

    def leave(code: int) -> None:
        raise Left(code)

    def fork() -> None:
        process = os.getpid()
        monkeypatch.setattr(os, "getpid", lambda: process + 1)
        monkeypatch.setattr(os, "_exit", leave)

    return fork


def test_the_process_itself_goes_on() -> None:
    """An exception of its code comes through."""
    with in_this_process():
        pass
    with pytest.raises(KeyError), in_this_process():
        raise KeyError
    only_in(os.getpid())
    only_in(os.getpid(), KeyError())


def test_a_child_that_goes_on_is_told_so(
    in_a_child: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """The code of its parent does not expect two processes."""
    with pytest.raises(Left) as left, in_this_process():
        in_a_child()
    assert left.value.code == 1
    assert capsys.readouterr().err == LOST


@pytest.mark.parametrize(
    ("said", "code"), [(3, 3), (0, 0), (None, 0), ("no", 1), (256 + 7, 7), (-1, 255), (2.5, 1)]
)
def test_a_child_that_exits(
    in_a_child: Callable[[], None], capsys: pytest.CaptureFixture[str], said: object, code: int
) -> None:
    """It ends with its own exit code, and prints nothing."""
    with pytest.raises(Left) as left, in_this_process():
        in_a_child()
        sys.exit(said)
    assert left.value.code == code
    assert capsys.readouterr() == ("", "")


def test_a_child_that_fails_shows_where(
    in_a_child: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends with exit code 1. What it says may hold values, and is left out."""
    with pytest.raises(Left) as left, in_this_process():
        in_a_child()
        raise ValueError("what went wrong")
    assert left.value.code == 1
    shown = capsys.readouterr().err
    assert "Traceback" in shown and "builtins.ValueError" in shown and LOST not in shown
    assert "test_process.py, line" in shown and "what went wrong" not in shown


class Unwilling(io.StringIO):
    """A stream that cannot be written to, as a pipe without a reader."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("error", [None, ValueError()])
def test_a_child_that_cannot_say_anything_ends_all_the_same(
    in_a_child: Callable[[], None], monkeypatch: pytest.MonkeyPatch, error: BaseException | None
) -> None:
    """It ends with exit code 1."""
    monkeypatch.setattr(sys, "stderr", Unwilling())
    process = os.getpid()
    in_a_child()
    with pytest.raises(Left) as left:
        only_in(process, error)
    assert left.value.code == 1


class Kept(io.StringIO):
    """A stream that remembers whether it was flushed."""

    flushed = False

    def flush(self) -> None:
        self.flushed = True


def test_what_a_child_has_printed_is_not_lost(
    in_a_child: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """os._exit would discard it."""
    streams = {name: Kept() for name in ("stdout", "stderr")}
    for name, stream in streams.items():
        monkeypatch.setattr(sys, name, stream)
    process = os.getpid()
    in_a_child()
    with pytest.raises(Left):
        only_in(process)
    assert all(stream.flushed for stream in streams.values())
