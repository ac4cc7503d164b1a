"""`initdb plan`: what a boot would do, without doing it."""

from __future__ import annotations

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import output_options, setting_options
from initdb.cli.opening.opened import opened
from initdb.cli.opening.target import find_target


@click.command("plan", cls=Command)
@click.option("--sql", is_flag=True, help="Print the SQL of each step; everything else is a comment.")
@output_options
@setting_options
@pass_call
def plan(call: Call, sql: bool) -> int:
    """Say what a boot would do, without doing it.

    It only reads, and makes no file and no database. The exit code is 0, whatever there is to do.

    Each revision is marked with what it destroys and whom it blocks, as far as its SQL shows: it is printed
    through the offline mode of env.py. A revision that reads the database cannot be printed. `--sql` prints
    the SQL, for psql or sqlite3, and names each revision that cannot be printed, with the reason.
    """
    target = find_target(call)
    from initdb.cli.working.conclusion import named
    from initdb.cli.working.foreseen import as_data, not_complete, show, sql_lines
    from initdb.statemachine.loop.foresee import foresee
    from initdb.steps.survey.edits import sentences

    with opened(call, target) as initializer:
        seen = foresee(initializer.site, printing=sql)
        name = named(initializer)
        warnings = (*initializer.site.application.left_out(), *sentences(seen.edited))
    for said in warnings:
        call.screen.warn(f"warning: {said}")
    if sql:
        if missing := not_complete(seen):
            call.screen.warn(f"warning: the SQL is not complete: {missing}")
        for line in () if call.screen.as_json else sql_lines(name, seen):
            call.screen.print(line)
    else:
        for line in target.assumed:
            call.screen.say(("assumed ", "dim"), line)
        show(call.screen, name, seen)
    found = seen.plan
    call.screen.emit(
        {
            "command": call.name,
            "exit_code": 0,
            "verdict": seen.verdict.kind,
            "reason": seen.verdict.reason,
            "changed": list(seen.verdict.changed),
            "state": str(found.state),
            "missing": seen.missing or None,
            "at_work": seen.at_work or None,
            "unknown": seen.unknown or None,
            "steps": [as_data(one, printing=sql) for one in found.intents],
            "stop": found.stop.as_data() if found.stop is not None else None,
            "assumed": list(target.assumed),
            "edited": [edit.data() for edit in seen.edited],
            "warnings": list(warnings),
        }
    )
    return 0
