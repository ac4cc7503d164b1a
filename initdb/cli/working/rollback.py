"""`initdb rollback`: shows what it rolls back, and asks on a terminal."""

from __future__ import annotations

import sys

import click

from initdb.cli.calling.call import Call
from initdb.errors import InitError
from initdb.managers.open_look import open_look
from initdb.statemachine.initializer import Initializer
from initdb.steps.rollback import plan


def show_and_ask(call: Call, initializer: Initializer, to: str | None, *, assured: bool) -> None:
    """Show the revisions that a rollback would revert, and let a person at a terminal stop it.

    Args:
        call: The call of the command.
        initializer: The Initializer of the database.
        to: The revision to go back to; None for the last one only.
        assured: Whether --yes was given.

    Raises:
        InitError: The database cannot be reached; or what `steps.rollback.plan` raises.
        click.exceptions.Exit: The answer was no.
    """
    graph = initializer.site.application.graph
    if graph is None:
        return
    with open_look(initializer) as found:
        run = found.seen.knowledge.last_run
        revisions = plan(graph, found.facts.rows or (), to, run.reverted if run else ())
    for revision in revisions:
        file = graph.files[revision]
        call.screen.say("rolls back ", (revision, "bold"), f"  {file.doc} ({file.path.name})")
    if revisions and not assured and sys.stdin.isatty():
        question = f"Roll back these {len(revisions)} revisions?" if revisions[1:] else "Roll it back?"
        if not click.confirm(question, err=True):
            call.screen.warn("nothing was rolled back")
            fix = "Answer yes, or type: initdb rollback --yes"
            call.fail(InitError("rollback-refused", "it was not confirmed", fix=fix), 1)
            raise click.exceptions.Exit(1)
