"""`initdb run` and `initdb resume`: make the database ready."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import output_options, reason_option, setting_options
from initdb.cli.completing.answers import stored
from initdb.cli.working.work import work
from initdb.errors import InitError

if TYPE_CHECKING:
    from initdb.settings.values import OrderName
    from initdb.statemachine.decide.verdict import Look
    from initdb.statemachine.initializer import Initializer
    from initdb.statemachine.loop.order import Order

no_wait_option = click.option(
    "--no-wait", is_flag=True, help="If another process works, exit with 4 instead of waiting for it."
)


@click.command("run", cls=Command)
@no_wait_option
@output_options
@setting_options
@pass_call
def run(call: Call, no_wait: bool) -> int:
    """Make the database ready, from any state.

    It works whatever the setting mode says. As an option, --mode wait waits for another process that works,
    and --mode check only looks, and exits with 3 if there is work.

    In an empty folder without settings it creates the built-in identity schema in sqlite:///initdb.db, and
    says so. In the folder of an application without settings it says what it found, and changes nothing.
    """
    mode = call.settings.get("mode", "work")
    if mode == "off":
        raise click.UsageError("--mode off leaves nothing to do")
    return work(call, mode=str(mode), wait=not no_wait)


@click.command("resume", cls=Command)
@click.option(
    "--retry",
    multiple=True,
    metavar="REV",
    shell_complete=stored("revisions"),
    help="Apply REV again, although it was begun or is recorded as applied.",
)
@click.option(
    "--mark-applied",
    multiple=True,
    metavar="REV",
    shell_complete=stored("revisions"),
    help="Record REV as applied, without running it.",
)
@click.option(
    "--accept-edited",
    is_flag=True,
    help="Accept all files that were edited or removed since they were applied, as they are.",
)
@click.option("--take-over", is_flag=True, help="End the process that works but hangs, then go on.")
@click.option("--yes", is_flag=True, help="Do not ask before a process is ended.")
@reason_option
@no_wait_option
@output_options
@setting_options
@pass_call
def resume(  # noqa: PLR0913, PLR0917 - one for each option
    call: Call,
    retry: tuple[str, ...],
    mark_applied: tuple[str, ...],
    accept_edited: bool,
    take_over: bool,
    yes: bool,
    reason: str | None,
    no_wait: bool,
) -> int:
    """Go on after a failure, and try again what failed.

    Boots of the same code do not try a failed step again. When you have fixed the data, a permission or a
    variable, this command says so.
    """

    def order_of(initializer: Initializer) -> Order:
        from initdb.statemachine import orders
        from initdb.steps.connect import reading

        try:
            with reading(initializer.engine):
                seen = initializer.look()
        except InitError:
            if retry or mark_applied or accept_edited:
                raise
            # Attending waits for the database, or says why it cannot be had.
            return orders.go_on(reason)
        if accept_edited:
            _show_accepted(call, seen)
        return orders.resume(seen, retry, mark_applied, accept_edited=accept_edited, why=reason)

    def before(initializer: Initializer) -> None:
        if take_over:
            from initdb.cli.working.take_over import ask_and_take_over

            ask_and_take_over(call, initializer, assured=yes)

    # A revision is named for one database, the first or the one that the settings name.
    one = bool(retry or mark_applied or take_over)
    asks: list[OrderName] = ["resume"]
    given: Mapping[OrderName, object] = {
        "retry": retry,
        "mark-applied": mark_applied,
        "accept-edited": accept_edited,
        "take-over": take_over,
    }
    asks += [name for name, said in given.items() if said]
    return work(call, order_of, wait=not no_wait, before=before, one=one, asks=asks, why=reason)


def _show_accepted(call: Call, seen: Look) -> None:
    for edit in seen.edited:
        call.screen.say("accepts: ", edit.text)
    if not seen.edited:
        call.screen.say("no applied file was edited or removed: there is nothing to accept")
