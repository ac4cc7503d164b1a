"""`initdb journal set-aside`: an entry that should not be in the journal has no effect any more."""

from __future__ import annotations

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import output_options, setting_options
from initdb.cli.opening.opened import make_reading_engine
from initdb.cli.opening.target import find_target


@click.command("set-aside", cls=Command)
@click.argument("seq", type=click.IntRange(min=2), metavar="SEQ")
@click.option("--reason", required=True, metavar="TEXT", help="Why you order it; the journal keeps it.")
@output_options
@setting_options
@pass_call
def set_aside(call: Call, seq: int, reason: str) -> int:
    """Let nothing follow from entry SEQ any more.

    This is for an entry that somebody wrote who should not have, that was edited, or that cannot be read. It
    stays where it is, and the chain with it. An event says who set it aside and why, and a snapshot says what
    is known without it, from which boots go on.

    Only the owner of the journal's tables can do it.
    """
    target = find_target(call, journal_only=True)
    engine = make_reading_engine(call, target)
    from initdb.errors.safe import safe_text
    from initdb.statemachine.setting_aside import set_aside as aside
    from initdb.steps.connect import reading

    with reading(engine):
        entry = aside(engine, target.settings, seq, safe_text(reason))
    call.screen.say(
        ("set aside", "bold green"), f": entry {seq} ({entry.type}); nothing follows from it any more"
    )
    call.screen.emit(
        {"command": call.name, "outcome": "set-aside", "exit_code": 0, "seq": seq, "was": entry.type}
    )
    return 0
