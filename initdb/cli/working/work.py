"""Works on each database for a command, reports it, and gives the exit code."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from initdb.asking import asker
from initdb.cli.calling.call import Call
from initdb.cli.opening.opened import opened_each
from initdb.cli.opening.target import find_target

if TYPE_CHECKING:
    from initdb.settings.values import OrderName
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
    asks: Sequence[OrderName] = (),
    why: str | None = None,
) -> int:
    """Make the databases ready in turn. Stop at the first one that does not become ready.

    Args:
        call: The call of the command.
        order_of: Gives the order for a database; None for what a boot does.
        mode: As the setting of this name.
        wait: Whether to wait for another process that works.
        before: Is called before the order is made.
        one: Whether to work only on the first database, if the settings name none.
        asks: What the person orders, by the names that the settings know.
        why: Why, in their words.

    Returns:
        The exit code.

    Raises:
        InitError: The settings, or the files of the application, are wrong; "order-refused";
            "order-without-reason".
    """
    target = find_target(call)
    if asks:
        from initdb.statemachine.decide.order_rules import permit_early

        permit_early(asks, why, target.settings)
    from initdb.cli.output.progress import ProgressLines
    from initdb.cli.working.conclusion import Attended, conclude, named
    from initdb.cli.working.patience import at_terminal, patience

    lines, code = ProgressLines(call.screen), 0
    with opened_each(call, target, lines.watcher()) as initializers:
        for line in target.assumed:
            call.screen.say(("assumed ", "dim"), line)
        for initializer in initializers[:1] if one else initializers:
            if not target.assumed:
                call.screen.say(named(initializer))
            initializer.site.asker = asker(call.screen.clear)
            before(initializer)
            order = order_of(initializer)
            begun = time.perf_counter()
            outcome = initializer.attend(
                order,
                mode=mode,
                wait=wait,
                host=True,
                patience=patience(initializer.settings, typed=at_terminal()),
            )
            ms = round((time.perf_counter() - begun) * 1000, 1)
            call.screen.clear()
            code = conclude(call, Attended(target, initializer, outcome, ms, lines.waited))
            if code:
                break
    return code
