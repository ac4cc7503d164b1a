"""`initdb resume --take-over`: asks, then ends the process or the sessions that hold the baton."""

from __future__ import annotations

import sys

import click

from initdb.cli.calling.call import Call
from initdb.errors import InitError
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.loop.holder import at_work
from initdb.statemachine.loop.take_over import take_over
from initdb.statemachine.render.sentences import who
from initdb.steps.connect import reading


def ask_and_take_over(call: Call, initializer: Initializer, *, assured: bool) -> None:
    """End what holds the baton, if anything does.

    Args:
        call: The call of the command.
        initializer: The Initializer of the database.
        assured: Whether --yes was given. Otherwise a person is asked.

    Raises:
        InitError: `take-over-refused`: the answer was no, or nobody could answer.
    """
    site = initializer.site
    with reading(site.engine):
        seen = initializer.look()
        if not seen.exists or not at_work(site.engine, seen.journal):
            call.screen.say("nobody is at work: there is nothing to take over")
            return
    known = seen.knowledge
    run = known.last_run if known.last_run and known.last_run.ended is None else None
    holder = who(run.by) if run else "a process that has not said who it is"
    since = f", since {run.at}; its last event: {known.last_type} at {known.last_at}" if run else ""
    if not assured:
        _ask(f"At work is {holder}{since}.", site.engine.dialect.name)
    with reading(site.engine):
        ended = take_over(site.engine, seen.journal, run, site.clock)
    call.screen.say(f"took over from {holder}: ended {', '.join(ended) or 'nothing, it was gone'}")


def _ask(question: str, database: str) -> None:
    if not sys.stdin.isatty():
        raise InitError(
            "take-over-refused", question, "there was nobody to ask; --yes answers", database=database
        )
    click.echo(question, err=True)
    if not click.confirm("End it and go on?", err=True):
        raise InitError("take-over-refused", question, "you said no", database=database)
