"""`initdb repair`: repairs what can be repaired without losing data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import output_options, reason_option, setting_options
from initdb.cli.commands.run import no_wait_option
from initdb.cli.working.work import work

if TYPE_CHECKING:
    from initdb.statemachine.initializer import Initializer
    from initdb.statemachine.loop.order import Order


@click.command("repair", cls=Command)
@reason_option
@no_wait_option
@output_options
@setting_options
@pass_call
def repair(call: Call, reason: str | None, no_wait: bool) -> int:
    """Repair what can be repaired without losing data.

    It looks at everything again, and goes on to ready. It creates missing tables, nullable columns, indexes,
    and constraints that the rows fulfil. It never drops anything. It names what it cannot repair, says what
    to do about it, and exits with 1.
    """

    def order_of(initializer: Initializer) -> Order:
        from initdb.statemachine import orders

        return orders.repair(reason)

    return work(call, order_of, wait=not no_wait, asks=("repair",), why=reason)
