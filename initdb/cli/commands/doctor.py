"""`initdb doctor`: examines what initdb works with, and says what to type where something is wrong."""

from __future__ import annotations

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import output_options, setting_options
from initdb.errors.safe import safe_text

_STYLES = {"ok": "green", "warning": "yellow", "problem": "bold red"}


@click.command("doctor", cls=Command)
@click.option("--sql", is_flag=True, help="Print the SQL that makes four roles with the rights they need.")
@click.option(
    "--role",
    "chosen",
    multiple=True,
    metavar="PART=NAME",
    help="With --sql, the name of a role: owner=, initializer=, application= or auditor=.",
)
@output_options
@setting_options
@pass_call
def doctor(call: Call, sql: bool, chosen: tuple[str, ...]) -> int:
    """Examine versions, drivers, settings, paths, privileges and clocks, and say what to fix.

    Each line says whether something is as it should be (ok), is what people stumble over (warning), or keeps
    a run from working (problem), and what to type. It changes and creates nothing, and waits for a server for
    some seconds at most. The exit code is 0 if there is no problem, 1 if there is one.

    `--sql` examines nothing. For a PostgreSQL database it prints a script for psql, which makes a role that
    owns the journal, one that works, one for the application, and one for an auditor. It goes by what is
    there now, so print and run it again after the first boot.
    """
    if sql or chosen:
        return _print_sql(call, chosen, sql=sql)
    from initdb.cli.working.doctor import examine

    findings = examine(call)
    for area in dict.fromkeys(one.area for one in findings):
        call.screen.say((area, "bold"))
        for one in findings:
            if one.area == area:
                call.screen.say("  ", (f"{one.level:<9}", _STYLES[one.level]), one.text)
                if one.fix:
                    call.screen.say(" " * 11, ("fix: ", "cyan"), one.fix)
                if call.screen.quiet and one.fix:
                    call.screen.warn(f"{one.level}: {one.text} fix: {one.fix}")
    problems = sum(one.level == "problem" for one in findings)
    warnings = sum(one.level == "warning" for one in findings)
    code = 1 if problems else 0
    style = "bold red" if problems else "bold green"
    call.screen.say((_counted(problems, "problem"), style), f", {_counted(warnings, 'warning')}")
    call.screen.emit(
        {
            "command": call.name,
            "exit_code": code,
            "problems": problems,
            "warnings": warnings,
            "findings": [
                {"area": one.area, "level": one.level, "text": _safe(one.text), "fix": _safe(one.fix)}
                for one in findings
            ],
            "sql": None,
        }
    )
    return code


def _print_sql(call: Call, chosen: tuple[str, ...], *, sql: bool) -> int:
    """Print the SQL that makes the roles.

    Raises:
        click.BadParameter: A name is wrong.
        InitError: The database cannot be read.
    """
    from initdb.cli.working.roles import script
    from initdb.doctor.roles import PARTS

    given = dict(one.partition("=")[::2] for one in chosen)
    if not sql:
        raise click.BadParameter("it is for --sql alone.", param_hint="--role")
    if len(given) < len(chosen) or not given.keys() <= set(PARTS) or not all(given.values()):
        raise click.BadParameter(
            f"it takes each of {', '.join(PARTS)} once, as PART=NAME.", param_hint="--role"
        )
    try:
        lines = script(call, given)
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint="--role") from error
    for line in () if call.screen.as_json else lines:
        call.screen.print(line)
    said = {"problems": 0, "warnings": 0, "findings": [], "sql": "\n".join(lines)}
    call.screen.emit({"command": call.name, "exit_code": 0, **said})
    return 0


def _safe(text: str) -> str:
    return safe_text(text, 2000)


def _counted(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'' if number == 1 else 's'}"
