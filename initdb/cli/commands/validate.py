"""`initdb validate`: every check of schema and data."""

from __future__ import annotations

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import output_options, setting_options
from initdb.cli.opening.opened import opened
from initdb.cli.opening.target import find_target

_STYLES = {"info": "dim", "warning": "yellow", "error": "red", "critical": "bold red"}


@click.command("validate", cls=Command)
@output_options
@setting_options
@pass_call
def validate(call: Call) -> int:
    """Check schema, constraints, rows, seeds and rules.

    It only reads. It checks the connection, the schema, the constraints, the rows that refer to others, the
    seeds, and the rules of the application. The exit code is 0 if no issue is an error, 1 if one is. `initdb
    repair` repairs what is safe.
    """
    target = find_target(call)
    from initdb.cli.working.conclusion import named
    from initdb.managers.open_look import health, open_look
    from initdb.steps.drift import worst
    from initdb.steps.repair import plan

    with opened(call, target) as initializer, open_look(initializer) as seen:
        found, name = health(initializer, seen), named(initializer)
        planned = plan(found.issues, initializer.site.application, seen.connection)
        repairs = len(planned.actions) if initializer.settings.repair == "safe" else 0
    code = 1 if found.defects else 0
    call.screen.say(name)
    for issue in found.issues:
        call.screen.say((f"{issue.severity:<9}", _STYLES[issue.severity]), issue.text)
        if issue.suggestion:
            call.screen.say(" " * 9, (issue.suggestion, "dim"))
    if code:
        counted = f"{len(found.defects)} {'defect' if len(found.defects) == 1 else 'defects'}"
        can = f"; initdb repair fixes {repairs} of them, if the rows allow it" if repairs else ""
        call.screen.say((counted, "bold red"), can)
    else:
        checks = ", ".join(check.name for check in found.checks)
        call.screen.say(("valid", "bold green"), f": {checks}")
    call.screen.emit(
        {
            "command": call.name,
            "exit_code": code,
            "valid": not code,
            "severity": worst(found.issues),
            "checks": {check.name: check.severity if check.issues else "ok" for check in found.checks},
            "issues": [{**issue.data(), "table": issue.table} for issue in found.issues],
        }
    )
    return code
