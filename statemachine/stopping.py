"""A graceful stop: SIGTERM and SIGINT cancel the statement that runs and let the loop end its run in
order."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

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
        self._driver: Any = None
        self._asked = threading.Event()

    def watch(self, driver: Any) -> None:
        """The DBAPI connection whose statement is to be cancelled."""
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
        cancel = getattr(self._driver, "cancel", None) or getattr(self._driver, "interrupt", None)
        if cancel is not None:
            with contextlib.suppress(Exception):
                cancel()


@contextlib.contextmanager
def graceful(stopper: Stopper) -> Iterator[None]:
    """Handle the signals for the length of a run, in the main thread; elsewhere they are somebody else's.

    A Python handler does not run inside a C call: the wake-up fd is written at once, and a thread reads it.
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
    for signum in SIGNALS:
        signal.signal(signum, _ignore)
    thread = threading.Thread(target=_listen, args=(reader, stopper), name="initdb-stop", daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(old_fd)
        for signum, handler in previous.items():
            signal.signal(signum, handler)
        writer.close()
        thread.join(timeout=1)
        reader.close()


def _ignore(signum: int, frame: FrameType | None) -> None:
    """The wake-up fd has told the thread already."""


def _listen(reader: socket.socket, stopper: Stopper) -> None:
    while True:
        data = reader.recv(16)
        if not data:
            return
        for byte in data:
            if byte in SIGNALS:
                stopper.stop(byte)


def deliver(signum: int) -> None:
    """Hand the signal on to whoever handled it before."""
    os.kill(os.getpid(), signum)
