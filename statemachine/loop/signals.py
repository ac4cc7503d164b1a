"""A graceful stop: SIGTERM and SIGINT cancel the statement that runs and let the loop end its run in
order; where that takes too long, or is asked for twice, the process ends as if killed."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType
from typing import NoReturn, TypeAlias

from initdb.errors import InitError, render
from initdb.events.statements import DriverConnection, database_errors

GRACE = 8.0
"""Seconds for the run to end in order. Docker kills after 10; what did not react by then will not."""

REPEAT = 0.25
"""Seconds between two cancels: the first may have come before the statement that takes long had begun."""

AGAIN = 1.0
"""Seconds after which a second signal is somebody's second wish, not the first one's echo from a parent."""

_monotonic = time.monotonic

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopped(Exception):
    """The run was asked to stop; `signum` is the signal."""

    def __init__(self, signum: int) -> None:
        super().__init__(signal.Signals(signum).name)
        self.signum = signum


class Stopper:
    """Remembers the signal and cancels what the driver is doing; never raises inside a handler."""

    def __init__(self, last_word: bool = False) -> None:
        """`last_word`: for what a run that was stopped has yet to say."""
        self.signum: int | None = None
        self._last_word = last_word
        self._driver: DriverConnection | None = None
        self._cancelling = threading.Lock()
        self._asked = threading.Event()

    def watch(self, driver: DriverConnection | None) -> None:
        """The DBAPI connection whose statement is to be cancelled; None for none any more."""
        with self._cancelling:
            self._driver = driver

    def check(self) -> None:
        """Raises Stopped where a signal came."""
        if self.signum is not None:
            raise Stopped(self.signum)

    def hurried(self) -> bool:
        """Whether nobody may be waited for any more: a signal came, and soon the process is killed."""
        return self._last_word or self.signum is not None

    def pause(self, seconds: float) -> None:
        """Sleep, and wake where a signal comes: raises Stopped."""
        self._asked.wait(seconds)
        self.check()

    def stop(self, signum: int) -> None:
        """Note the signal and cancel: psycopg2's cancel(), sqlite3's interrupt()."""
        self.signum = self.signum or signum
        self._asked.set()
        self.cancel()

    def cancel(self) -> None:
        """Cancel the statement that runs now, where there is one."""
        with self._cancelling:
            cancel = getattr(self._driver, "cancel", None) or getattr(self._driver, "interrupt", None)
            if self._driver is not None and cancel is not None:
                with contextlib.suppress(*database_errors(self._driver)):
                    cancel()


@contextlib.contextmanager
def graceful(stopper: Stopper, *, host: bool) -> Iterator[None]:
    """Let SIGTERM and SIGINT stop the run, in the main thread; elsewhere they are somebody else's.

    A Python handler does not run inside a C call: the wake-up fd is written at once, and a thread reads it.

    Args:
        stopper: told of the first signal.
        host: whether the process is there for the run. Then the signals are ours alone, and the process
            ends where the run does not. Else the application's handlers stay and are called as ever: the
            first signal stops the run too, where there is a handler, and no signal ends the process here.
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
    listen = partial(_listen, reader, stopper, host=host, onward=old_fd)
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
"""The wake-up fds and the handlers that were there before ours, outermost first."""


def _put_back(fd: int, handlers: _Handlers) -> None:
    signal.set_wakeup_fd(fd)
    for signum, handler in handlers.items():
        signal.signal(signum, handler)


def _in_a_forked_child() -> None:
    """A signal to a child that a step forks is the child's: it would neither end it nor stay there.

    multiprocessing's pools end their workers by SIGTERM.
    """
    if _replaced:
        _put_back(*_replaced[0])
        _replaced.clear()


os.register_at_fork(after_in_child=_in_a_forked_child)


def _ignore(signum: int, frame: FrameType | None) -> None:
    """The wake-up fd has told the thread already."""


def _listen(reader: socket.socket, stopper: Stopper, *, host: bool, onward: int) -> None:
    """Until the other end is closed. `onward`: the wake-up fd that the application has; -1 for none."""
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
                stopper.stop(byte)
            elif host and _monotonic() - asked > AGAIN:
                _end(byte, "it was asked twice")
        if stopper.signum is not None:
            reader.settimeout(REPEAT)


def _end(signum: int, why: str) -> NoReturn:
    """End the process here and now: Python that a step runs cannot be interrupted, nor need it be.

    What was not committed is undone by the database, as where the process is killed.
    """
    said = f"{signal.Signals(signum).name}: {why}, and ended as if killed, without an event"
    try:
        print(render(InitError("stopped", said).rendered()), file=sys.stderr, flush=True)
    finally:
        # Also where nothing can be printed any more.
        os._exit(128 + signum)


def deliver(signum: int) -> None:
    """Hand the signal on to whoever handled it before."""
    os.kill(os.getpid(), signum)
