"""Ends a run in order on SIGTERM and SIGINT.

The signal cancels the statement that runs. If the run does not end in time, or a second signal comes, the
process of a command ends as if it was killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import copy_context
from functools import partial
from types import FrameType
from typing import NoReturn, TypeAlias

from initdb.errors import InitError, render
from initdb.events.statements import DriverConnection, database_errors

GRACE = 8.0
"""How many seconds a run has to end in order. Docker kills the process after 10."""

REPEAT = 0.25
"""The seconds between two cancels. The first one may have come before the long statement began."""

AGAIN = 1.0
"""The seconds after which a second signal counts. Before, it may be the first one, passed on by a parent."""

_monotonic = time.monotonic

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopped(Exception):
    """A signal asked the run to stop.

    Args:
        signum: The signal.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(signal.Signals(signum).name)
        self.signum = signum


class Stopper:
    """Remembers the first signal, and cancels the statement that runs.

    Args:
        last_word: Whether it is for the last event of a run that was stopped: that waits for nobody.

    Attributes:
        signum: The first signal; None before it comes.
    """

    def __init__(self, last_word: bool = False) -> None:
        self.signum: int | None = None
        self._last_word = last_word
        self._driver: DriverConnection | None = None
        self._cancelling = threading.Lock()
        self._asked = threading.Event()

    def watch(self, driver: DriverConnection | None) -> None:
        """Set the connection whose statement a signal cancels.

        Args:
            driver: The driver's connection; None from when there is nothing to cancel.
        """
        with self._cancelling:
            self._driver = driver

    def check(self) -> None:
        """Raise Stopped if a signal has come."""
        if self.signum is not None:
            raise Stopped(self.signum)

    def hurried(self) -> bool:
        """Whether there is no time to wait for others: a signal came, and the process will soon be killed."""
        return self._last_word or self.signum is not None

    def pause(self, seconds: float) -> None:
        """Sleep, until a signal comes.

        Args:
            seconds: How long to sleep.

        Raises:
            Stopped: A signal has come.
        """
        self._asked.wait(seconds)
        self.check()

    def stop(self, signum: int) -> None:
        """Remember the signal, wake a pause, and cancel the statement that runs.

        Args:
            signum: The signal.
        """
        self.signum = self.signum or signum
        self._asked.set()
        self.cancel()

    def cancel(self) -> None:
        """Cancel the statement that runs now, if there is one, by cancel() or SQLite's interrupt()."""
        with self._cancelling:
            cancel = getattr(self._driver, "cancel", None) or getattr(self._driver, "interrupt", None)
            if self._driver is not None and cancel is not None:
                with contextlib.suppress(*database_errors(self._driver)):
                    cancel()


@contextlib.contextmanager
def graceful(stopper: Stopper, *, host: bool) -> Iterator[None]:
    """Let SIGTERM and SIGINT stop the run inside the block. Outside the main thread, do nothing.

    Python calls its handlers only between its own instructions, not while a driver waits in C. So a thread
    reads the wake-up file descriptor, to which Python writes each signal at once.

    Args:
        stopper: It gets the signals.
        host: Whether the process has no other purpose than the run. Then the application's handlers are
            replaced, and the process ends if the run does not. Else the application's handlers remain and
            are called, the first signal also stops the run, and the process is never ended here.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {signum: signal.getsignal(signum) for signum in SIGNALS}
    if any(handler is None for handler in previous.values()):
        yield
        return
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    old_fd = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    if host:
        for signum in SIGNALS:
            signal.signal(signum, _ignore)
    else:
        previous = {}
    _replaced.append((old_fd, previous))
    # The thread prints as this one does: with the commands as they are typed here.
    listen = partial(copy_context().run, _listen, reader, stopper, host=host, onward=old_fd)
    thread = threading.Thread(target=listen, name="initdb-stop", daemon=True)
    thread.start()
    try:
        yield
    finally:
        _put_back(old_fd, previous)
        del _replaced[-1:]
        writer.close()
        thread.join(timeout=1)
        reader.close()


_Handlers: TypeAlias = dict[
    signal.Signals, Callable[[int, FrameType | None], object] | int | signal.Handlers | None
]

_replaced: list[tuple[int, _Handlers]] = []
"""The wake-up file descriptors and handlers that ours replaced, outermost first."""


def _put_back(fd: int, handlers: _Handlers) -> None:
    signal.set_wakeup_fd(fd)
    for signum, handler in handlers.items():
        signal.signal(signum, handler)


def _in_a_forked_child() -> None:
    """Give a child that a step forks the application's handlers back.

    With ours, a SIGTERM would not end the child. multiprocessing ends its workers by SIGTERM.
    """
    if _replaced:
        _put_back(*_replaced[0])
        _replaced.clear()


os.register_at_fork(after_in_child=_in_a_forked_child)


def _ignore(signum: int, frame: FrameType | None) -> None:
    """Do nothing: the thread has read the signal already."""


def _listen(reader: socket.socket, stopper: Stopper, *, host: bool, onward: int) -> None:
    """Read signals until the other end is closed.

    Args:
        reader: The end from which signals are read.
        stopper: It gets the signals.
        host: As in `graceful`.
        onward: The application's wake-up file descriptor, which gets the signals too; -1 if it has none.
    """
    asked = 0.0
    while True:
        try:
            data = reader.recv(16)
        except TimeoutError:
            if host and _monotonic() - asked > GRACE:
                _end(stopper.signum or SIGNALS[0], f"it did not end within {GRACE:g} s")
            stopper.cancel()
            continue
        if not data:
            return
        if not host and onward >= 0:
            with contextlib.suppress(OSError):
                os.write(onward, data)
        for byte in filter(SIGNALS.__contains__, data):
            if stopper.signum is None:
                asked = _monotonic()
                if host:
                    _say(byte)
                stopper.stop(byte)
            elif host and _monotonic() - asked > AGAIN:
                _end(byte, "it was asked twice")
        if stopper.signum is not None:
            reader.settimeout(REPEAT)


def _say(signum: int) -> None:
    """Say at once that the run stops: its step may be in code that takes a while to notice."""
    if (stream := sys.stderr) is None:
        return
    again = " Press Ctrl-C again to stop at once." if signum == signal.SIGINT else ""
    said = f"initdb stops ({signal.Signals(signum).name}): the step at work is rolled back."
    with contextlib.suppress(OSError, ValueError):
        # A terminal has just shown "^C", or a line that is updated in place.
        print("\n" * stream.isatty() + said + again, file=stream, flush=True)


def _end(signum: int, why: str) -> NoReturn:
    """End the process at once. A step may run Python code that cannot be interrupted.

    The database rolls back what was not committed, as it does if the process is killed.
    """
    said = f"{signal.Signals(signum).name}: {why}, and ended as if killed, without an event"
    try:
        print(render(InitError("stopped", said).rendered()), file=sys.stderr, flush=True)
    finally:
        # Also if nothing can be printed any more.
        os._exit(128 + signum)


def deliver(signum: int) -> None:
    """Send a signal to this process again, for the handler that was there before the run.

    Args:
        signum: The signal.
    """
    os.kill(os.getpid(), signum)
