"""Waits for something that another process does: asks often, and gives up late."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable


def wait_until(holds: Callable[[], bool], *, limit: float = 30.0, pause: float = 0.005) -> bool:
    """Asks `holds` every `pause` seconds until it says yes; False when `limit` seconds are over first."""
    end = time.monotonic() + limit
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


def is_listening(host: str, port: int) -> bool:
    """Whether a TCP connection to the address is accepted."""
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0
