"""What a signal does to a run: what it stops, what it cancels, and when the process ends."""

from __future__ import annotations

import io
import os
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from initdb.statemachine.loop import signals
from initdb.statemachine.loop.signals import AGAIN, GRACE, REPEAT, Stopped, Stopper, graceful
from tests.support.waiting import wait_until

TERM, INT = signal.SIGTERM, signal.SIGINT


class Cancels:
    """A driver's connection, with cancel() or interrupt()."""

    Error = sqlite3.Error

    def __init__(self, name: str = "cancel", error: Exception | None = None) -> None:
        self.count, self.error = 0, error
        setattr(self, name, self._count)

    def _count(self) -> None:
        self.count += 1
        if self.error:
            raise self.error


@pytest.mark.parametrize("signum", [TERM, INT])
def test_a_stop_is_remembered(signum: signal.Signals) -> None:
    """The first signal counts, and the exception has its name."""
    stopper = Stopper()
    stopper.check()
    assert not stopper.hurried()
    stopper.stop(signum)
    stopper.stop(INT if signum == TERM else TERM)
    assert stopper.signum == signum and stopper.hurried()
    with pytest.raises(Stopped, match=f"^{signum.name}$") as stopped:
        stopper.check()
    assert stopped.value.signum == signum


def test_who_has_a_last_word_is_in_a_hurry() -> None:
    """It is not stopped by the signal that it records."""
    stopper = Stopper(last_word=True)
    assert stopper.hurried()
    stopper.check()


@pytest.mark.parametrize("name", ["cancel", "interrupt"])
def test_a_stop_cancels_the_statement(name: str) -> None:
    """The driver's own method is called. What that raises is ignored."""
    stopper, driver = Stopper(), Cancels(name)
    stopper.stop(TERM)
    stopper.watch(driver)
    stopper.cancel()
    stopper.stop(TERM)
    assert driver.count == 2
    stopper.watch(None)
    stopper.cancel()
    assert driver.count == 2
    for error in (OSError(), sqlite3.ProgrammingError()):
        stopper.watch(Cancels(name, error))
        stopper.cancel()
    stopper.watch(object())
    stopper.cancel()


def test_a_pause_ends_where_a_signal_comes() -> None:
    """It ends at once if the signal came before. Without a signal it lasts as long as it should."""
    stopper = Stopper()
    begun = time.monotonic()
    stopper.pause(0.05)
    assert time.monotonic() - begun >= 0.05
    stopper.stop(TERM)
    with pytest.raises(Stopped):
        stopper.pause(60)


class Reader:
    """Stands in for the socket. It gives these bytes; None is a timeout."""

    def __init__(self, *said: bytes | None) -> None:
        self._said = iter(said)
        self.timeouts: list[float] = []

    def recv(self, size: int) -> bytes:
        assert size >= 1
        said = next(self._said)
        if said is None:
            raise TimeoutError
        return said

    def settimeout(self, seconds: float) -> None:
        self.timeouts.append(seconds)


class Ended(BaseException):
    """Stands in for the end of the process."""


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """How the process would have ended."""
    said: list[tuple[int, str]] = []

    def end(signum: int, why: str) -> None:
        said.append((signum, why))
        raise Ended

    monkeypatch.setattr(signals, "_end", end)
    return said


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets the times that the clock gives, in order."""

    def set_(*times: float) -> None:
        left = iter(times)
        monkeypatch.setattr(signals, "_monotonic", lambda: next(left))

    return set_


def _listen(reader: Reader, stopper: Stopper, *, host: bool = True, onward: int = -1) -> None:
    signals._listen(reader, stopper, host=host, onward=onward)


def test_a_signal_stops_and_then_cancels_again_and_again(at: Callable[..., None]) -> None:
    """The long statement may not have begun when the signal came."""
    at(100.0, 100.0 + REPEAT, 100.0 + 2 * REPEAT)
    stopper, driver = Stopper(), Cancels()
    stopper.watch(driver)
    reader = Reader(bytes([INT]), None, None, b"")
    _listen(reader, stopper)
    assert (stopper.signum, driver.count) == (INT, 3)
    assert reader.timeouts == [REPEAT]


def test_other_signals_are_not_ours() -> None:
    """A child may have ended, or a window changed its size. Nothing is cancelled, and no limit begins."""
    stopper, driver = Stopper(), Cancels()
    stopper.watch(driver)
    reader = Reader(bytes([signal.SIGCHLD, signal.SIGWINCH]), b"")
    _listen(reader, stopper)
    assert (stopper.signum, driver.count, reader.timeouts) == (None, 0, [])


@pytest.mark.parametrize("after", [GRACE, GRACE + 0.01])
def test_a_process_that_does_not_stop_is_ended(
    at: Callable[..., None], ended: list[tuple[int, str]], after: float
) -> None:
    """It is ended after its time, and not before."""
    at(100.0, 100.0 + after)
    reader = Reader(bytes([INT]), None, b"")
    if after > GRACE:
        with pytest.raises(Ended):
            _listen(reader, Stopper())
        assert ended == [(INT, "it did not end within 8 s")]
    else:
        _listen(reader, Stopper())
        assert not ended


@pytest.mark.parametrize("after", [0.0, AGAIN, AGAIN + 0.01])
def test_a_second_signal_ends_it_unless_it_is_an_echo(
    at: Callable[..., None], ended: list[tuple[int, str]], after: float
) -> None:
    """Within a second, a parent may have passed the first one on."""
    at(100.0, 100.0 + after)
    stopper, reader = Stopper(), Reader(bytes([TERM]), bytes([INT]), b"")
    if after > AGAIN:
        with pytest.raises(Ended):
            _listen(reader, stopper)
        assert ended == [(INT, "it was asked twice")]
    else:
        _listen(reader, stopper)
        assert not ended
    assert stopper.signum == TERM


def test_two_signals_at_once_are_one_and_its_echo(at: Callable[..., None]) -> None:
    """They may come in one read."""
    at(100.0, 100.0)
    stopper = Stopper()
    _listen(Reader(bytes([TERM, INT]), b""), stopper)
    assert stopper.signum == TERM


def test_a_library_call_never_ends_its_host(at: Callable[..., None], ended: list[tuple[int, str]]) -> None:
    """It does not matter how long it takes, or how often a signal comes."""
    at(100.0)
    stopper, driver = Stopper(), Cancels()
    stopper.watch(driver)
    _listen(Reader(bytes([TERM]), None, bytes([TERM]), b""), stopper, host=False)
    assert not ended and stopper.signum == TERM and driver.count == 2


@pytest.mark.parametrize("host", [False, True])
def test_what_the_application_listens_to_is_told_too(host: bool) -> None:
    """In a library call the application's wake-up file descriptor gets every byte. A host has none."""
    reader, writer = os.pipe()
    _listen(Reader(bytes([signal.SIGCHLD]), b""), Stopper(), host=host, onward=writer)
    os.close(writer)
    assert os.read(reader, 9) == (b"" if host else bytes([signal.SIGCHLD]))
    os.close(reader)
    _listen(Reader(bytes([signal.SIGCHLD]), b""), Stopper(), host=host, onward=writer)


@pytest.fixture
def undisturbed() -> Iterator[dict[signal.Signals, Any]]:
    """The handlers from before. Afterwards they must be in place again, without a wake-up file descriptor."""
    before = {signum: signal.getsignal(signum) for signum in (TERM, INT)}
    yield before
    assert {signum: signal.getsignal(signum) for signum in (TERM, INT)} == before
    assert signal.set_wakeup_fd(-1) == -1
    assert not signals._replaced
    assert not [thread for thread in threading.enumerate() if thread.name == "initdb-stop"]


def test_a_host_handles_the_signals_alone(undisturbed: dict[signal.Signals, Any]) -> None:
    """It does so during the run. A thread reads the signals while Python is in a C call."""
    stopper = Stopper()
    with graceful(stopper, host=True):
        (thread,) = (one for one in threading.enumerate() if one.name == "initdb-stop")
        assert thread.daemon
        os.kill(os.getpid(), TERM)
        assert wait_until(lambda: stopper.signum is not None, limit=5)
    assert stopper.signum == TERM


def test_the_handlers_of_an_application_stay(undisturbed: dict[signal.Signals, Any]) -> None:
    """In a library call its handler is called, and the run is stopped too."""
    called: list[int] = []
    before = signal.signal(TERM, lambda signum, frame: called.append(signum))
    try:
        stopper = Stopper()
        with graceful(stopper, host=False):
            os.kill(os.getpid(), TERM)
            assert wait_until(lambda: bool(called) and stopper.signum is not None, limit=5)
        assert called == [TERM]
    finally:
        signal.signal(TERM, before)


@pytest.mark.parametrize("host", [False, True])
def test_the_wake_up_fd_of_an_application_comes_back(host: bool) -> None:
    """asyncio uses one, for example."""
    mine, theirs = socket.socketpair()
    mine.setblocking(False)
    signal.set_wakeup_fd(mine.fileno())
    try:
        with graceful(Stopper(), host=host):
            assert signal.set_wakeup_fd(mine.fileno()) != mine.fileno()
    finally:
        assert signal.set_wakeup_fd(-1) == mine.fileno()
        mine.close()
        theirs.close()


def test_in_another_thread_signals_are_somebody_elses(undisturbed: dict[signal.Signals, Any]) -> None:
    """Only the main thread may handle them."""
    seen: list[bool] = []

    def run() -> None:
        with graceful(Stopper(), host=True):
            seen.append({signum: signal.getsignal(signum) for signum in (TERM, INT)} == undisturbed)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [True]


def test_a_handler_that_is_not_pythons_stays(
    undisturbed: dict[signal.Signals, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could not be restored."""
    with monkeypatch.context() as patch:
        patch.setattr(signal, "getsignal", lambda signum: None if signum == INT else signal.SIG_DFL)
        with graceful(Stopper(), host=True):
            assert not signals._replaced
    assert signal.getsignal(TERM) == undisturbed[TERM]


@pytest.mark.parametrize("depth", [1, 2])
def test_a_forked_child_has_the_handlers_of_before(
    undisturbed: dict[signal.Signals, Any], depth: int
) -> None:
    """They are those from before the outermost run. A pool's SIGTERM ends the child."""
    with graceful(Stopper(), host=True):
        child = _fork_inside(depth - 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -TERM


def _fork_inside(depth: int) -> int:
    if depth:
        with graceful(Stopper(), host=True):
            return _fork_inside(depth - 1)
    child = os.fork()
    if child == 0:
        os.kill(os.getpid(), TERM)
        time.sleep(5)
        os._exit(0 if signals._replaced else 1)
    return child


def test_how_a_process_is_ended(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It has the exit code of the signal, and prints what happened and what to do."""

    def exit_(code: int) -> None:
        raise SystemExit(code)

    monkeypatch.setattr(os, "_exit", exit_)
    with pytest.raises(SystemExit) as left:
        signals._end(TERM, "it was asked twice")
    assert left.value.code == 128 + TERM
    out, err = capsys.readouterr()
    assert not out and err.startswith("error: stopped\n")
    assert "SIGTERM: it was asked twice, and ended as if killed, without an event" in err
    monkeypatch.setattr("sys.stderr", None)
    with pytest.raises(SystemExit):
        signals._end(TERM, "it was asked twice")


def test_a_signal_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is sent to this process."""
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, signum: sent.append((pid, signum)))
    signals.deliver(INT)
    assert sent == [(os.getpid(), INT)]


class Terminal(io.StringIO):
    """A stream that counts what was flushed, and may fail."""

    def __init__(self, tty: bool, error: Exception | None = None) -> None:
        super().__init__()
        self.tty, self.error, self.flushed = tty, error, 0

    def isatty(self) -> bool:
        return self.tty

    def flush(self) -> None:
        self.flushed += 1
        if self.error:
            raise self.error


@pytest.mark.parametrize("tty", [False, True])
def test_a_stop_is_said_at_once(monkeypatch: pytest.MonkeyPatch, tty: bool) -> None:
    """On a terminal it begins a line of its own. Ctrl-C can be pressed again."""
    said = "initdb stops ({}): the step at work is rolled back.{}\n"
    for signum, again in ((TERM, ""), (INT, " Press Ctrl-C again to stop at once.")):
        stream = Terminal(tty)
        monkeypatch.setattr(signals.sys, "stderr", stream)
        signals._say(signum)
        assert stream.getvalue() == "\n" * tty + said.format(signum.name, again)
        assert stream.flushed == 1
    for error in (OSError(), ValueError()):
        monkeypatch.setattr(signals.sys, "stderr", Terminal(tty, error))
        signals._say(TERM)
    monkeypatch.setattr(signals.sys, "stderr", None)
    signals._say(TERM)


def test_a_run_inside_another_one(undisturbed: dict[signal.Signals, Any]) -> None:
    """Once it has ended, a child that the outer one forks still gets the application's handlers."""
    with graceful(Stopper(), host=True):
        with graceful(Stopper(), host=True):
            assert len(signals._replaced) == 2
        assert len(signals._replaced) == 1
    assert not signals._replaced
