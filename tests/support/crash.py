"""A run that dies by SIGKILL right after an event was committed."""

from __future__ import annotations

import os
import signal

from initdb.events.entry import Entry
from initdb.statemachine.run import Order
from tests.support.toy import Toy


def killed_after(toy: Toy, event: str, count: int = 1, order: Order | None = None) -> None:
    """Run in a child that is killed once the `count`th `event` has been committed; fails where it was not.

    `order`: what the run is for, where it is not a boot.
    """
    child = os.fork()
    if child == 0:
        seen = 0

        def watch(entry: Entry) -> None:
            nonlocal seen
            seen += entry.type == event
            if seen == count:
                os.kill(os.getpid(), signal.SIGKILL)

        toy.initializer(watch).attend(order)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"the run was not killed at {event}"
    assert os.WTERMSIG(status) == signal.SIGKILL
