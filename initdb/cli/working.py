"""What run, resume, repair, rollback and release share: attend the database, tell of it, conclude."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from initdb.cli.call import Call
from initdb.cli.target import find_target, opened

if TYPE_CHECKING:
    from initdb.statemachine.initializer import Initializer
    from initdb.statemachine.run import Order

OrderOf = Callable[["Initializer"], "Order | None"]


def work(
    call: Call,
    order_of: OrderOf = lambda initializer: None,
    *,
    mode: str = "work",
    wait: bool = True,
    before: Callable[[Initializer], None] = lambda initializer: None,
) -> int:
    """Attend the database with the order that `order_of` gives, and conclude; the exit code.

    before: called with the application before the order is made. Raises InitError for what is wrong before
    there is anything to attend.
    """
    target = find_target(call)
    from initdb.cli.concluding import Attended, conclude, named
    from initdb.cli.teller import Teller

    teller = Teller(call.screen)
    with opened(call, target, teller.watcher()) as initializer:
        for line in target.assumed:
            call.screen.say(("assumed ", "dim"), line)
        if not target.assumed:
            call.screen.say(named(initializer))
        before(initializer)
        order = order_of(initializer)
        begun = time.perf_counter()
        outcome = initializer.attend(order, mode=mode, wait=wait)
        ms = round((time.perf_counter() - begun) * 1000, 1)
        call.screen.clear()
        return conclude(call, Attended(target, initializer, outcome, ms, teller.waited))
