"""`initdb rollback` and `initdb release`: roll revisions back, and let boots apply them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import output_options, reason_option, setting_options
from initdb.cli.commands.run import no_wait_option
from initdb.cli.completing.answers import stored
from initdb.cli.working.work import work

if TYPE_CHECKING:
    from initdb.statemachine.initializer import Initializer
    from initdb.statemachine.loop.order import Order


@click.command("rollback", cls=Command)
@click.option(
    "--to",
    metavar="REV",
    help="Roll back everything after revision REV (base: everything).",
    shell_complete=stored("revisions_and_base"),
)
@click.option("--yes", is_flag=True, help="Do not ask before something is rolled back.")
@reason_option
@no_wait_option
@output_options
@setting_options
@pass_call
def rollback(call: Call, to: str | None, yes: bool, reason: str | None, no_wait: bool) -> int:
    """Roll back the last revision, by its downgrade.

    It shows what it rolls back. On a terminal it asks first.

    Each revision is one transaction. What was rolled back is held: no boot applies it until `initdb release`,
    or until its file changes.
    """

    def order_of(initializer: Initializer) -> Order:
        from initdb.cli.working.rollback import show_and_ask
        from initdb.statemachine import orders

        show_and_ask(call, initializer, to, assured=yes)
        return orders.roll_back(to, reason)

    return work(call, order_of, wait=not no_wait, one=True, asks=("rollback",), why=reason)


@click.command("release", cls=Command)
@click.argument("revisions", nargs=-1, metavar="[REV]...", shell_complete=stored("held"))
@reason_option
@no_wait_option
@output_options
@setting_options
@pass_call
def release(call: Call, revisions: tuple[str, ...], reason: str | None, no_wait: bool) -> int:
    """Let boots apply held revisions again.

    These are the revisions that are named, or all. The next boot applies them.
    """

    def order_of(initializer: Initializer) -> Order:
        from initdb.statemachine import orders

        return orders.release(revisions, reason)

    return work(call, order_of, wait=not no_wait, one=True, asks=("release",), why=reason)
