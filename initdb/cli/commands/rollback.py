"""`initdb rollback` and `initdb release`: take revisions back, and let them be applied again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import output_options, setting_options
from initdb.cli.commands.run import no_wait_option
from initdb.cli.working.work import work

if TYPE_CHECKING:
    from initdb.statemachine.initializer import Initializer
    from initdb.statemachine.loop.order import Order


@click.command("rollback", cls=Command)
@click.option(
    "--to", metavar="REV", help="Revert everything above REV (base: everything) instead of one revision."
)
@no_wait_option
@output_options
@setting_options
@pass_call
def rollback(call: Call, to: str | None, no_wait: bool) -> int:
    """Revert the last revision by its downgrade, or with --to everything above REV, one transaction each.

    What was reverted is held: no boot applies it again until `initdb release`, or until its file changes.
    """

    def order_of(initializer: Initializer) -> Order:
        from initdb.statemachine import orders

        return orders.roll_back(to)

    return work(call, order_of, wait=not no_wait, one=True)


@click.command("release", cls=Command)
@click.argument("revisions", nargs=-1, metavar="[REV]...")
@no_wait_option
@output_options
@setting_options
@pass_call
def release(call: Call, revisions: tuple[str, ...], no_wait: bool) -> int:
    """Let held revisions be applied again; all of them where none is named. The next boot applies them."""

    def order_of(initializer: Initializer) -> Order:
        from initdb.statemachine import orders

        return orders.release(revisions)

    return work(call, order_of, wait=not no_wait, one=True)
