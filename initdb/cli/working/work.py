"""What run, resume, repair, rollback and release share: attend the database, tell of it, conclude."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from initdb.cli.calling.call import Call
from initdb.cli.opening.opened import opened_each
from initdb.cli.opening.target import find_target

if TYPE_CHECKING:
    from initdb.statemachine.initializer import Initializer
    from initdb.statemachine.loop.order import Order

OrderOf = Callable[["Initializer"], "Order | None"]


def work(  # noqa: PLR0913 - what one attendance is made of
    call: Call,
    order_of: OrderOf = lambda initializer: None,
    *,
    mode: str = "work",
    wait: bool = True,
    before: Callable[[Initializer], None] = lambda initializer: None,
    one: bool = False,
) -> int:
    """Attend the database with the order that `order_of` gives, and conclude; the exit code.

    Of several databases each in turn, until one does not become ready; `one`: only the first, where the
    settings name none. before: called with the application before the order is made. Raises InitError for
    what is wrong before there is anything to attend.
    """
    target = find_target(call)
    from initdb.cli.output.progress import ProgressLines
    from initdb.cli.working.conclusion import Attended, conclude, named

    lines, code = ProgressLines(call.screen), 0
    with opened_each(call, target, lines.watcher()) as initializers:
        for line in target.assumed:
            call.screen.say(("assumed ", "dim"), line)
        for initializer in initializers[:1] if one else initializers:
            if not target.assumed:
                call.screen.say(named(initializer))
            before(initializer)
            order = order_of(initializer)
            begun = time.perf_counter()
            outcome = initializer.attend(order, mode=mode, wait=wait, host=True)
            ms = round((time.perf_counter() - begun) * 1000, 1)
            call.screen.clear()
            code = conclude(call, Attended(target, initializer, outcome, ms, lines.waited))
            if code:
                break
    return code
