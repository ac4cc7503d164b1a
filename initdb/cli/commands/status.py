"""`initdb status`: the state of the database, what a boot would conclude, and which process works."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import output_options, setting_options
from initdb.cli.opening.opened import opened
from initdb.cli.opening.target import find_target
from initdb.cli.output.screen import Part

if TYPE_CHECKING:
    from initdb.settings import Settings
    from initdb.statemachine.render.status import Status

_STYLES = {"ready": "bold green", "work": "yellow", "failed": "bold red", "held": "yellow", "ahead": "yellow"}
_MEANINGS = {
    "ready": "a boot does nothing",
    "failed": "a boot of this code shows the failure again, and does not try the step again",
    "held": "a boot does nothing until the revision is released or changed",
    "ahead": "the database has revisions that this code does not know",
}


@click.command("status", cls=Command)
@output_options
@setting_options
@pass_call
def status(call: Call) -> int:
    """Show the state of the database, and which process works on it.

    It only reads. The exit code is that of a boot: 0 if the database is ready, 1 if a step failed, 3 if there
    is work. If it is held or ahead, the settings when_held and when_ahead decide between 0 and 3.
    """
    target = find_target(call)
    from initdb.errors.redact import url_text
    from initdb.statemachine.decide.verdict import judge
    from initdb.statemachine.loop.holder import at_work
    from initdb.statemachine.render.status import status_of
    from initdb.steps.connect import reading

    with opened(call, target) as initializer, reading(initializer.engine):
        seen = initializer.look()
        working = seen.exists and at_work(initializer.engine, seen.journal)
        found = status_of(seen, judge(seen), working)
        url, kind = url_text(initializer.engine.url), initializer.engine.dialect.name
        name, code = initializer.site.name, exit_code(found.verdict, initializer.settings)
    call.screen.say(("application  ", "dim"), name)
    call.screen.say(("database     ", "dim"), url)
    for label, *parts in lines(found):
        call.screen.say((f"{label:<13}", "dim"), *parts)
    said = found.data() | {"application": name}
    call.screen.emit(
        {"command": call.name, "exit_code": code, "database": {"kind": kind, "url": url}, **said}
    )
    return code


def exit_code(verdict: str, settings: Settings) -> int:
    """The code with which a boot would exit."""
    if verdict == "held":
        return 0 if settings.when_held == "serve" else 3
    if verdict == "ahead":
        return 0 if settings.when_ahead == "serve" else 3
    return {"ready": 0, "failed": 1}.get(verdict, 3)


def lines(found: Status) -> Iterator[tuple[str, *tuple[Part, ...]]]:
    """The lines to print. Each is a label, and the pieces of text beside it."""
    from initdb.statemachine.render.status import AT_WORK

    why = (
        AT_WORK if found.reason == AT_WORK else f"there is work: {', '.join((found.reason, *found.changed))}"
    )
    meaning = _MEANINGS.get(found.verdict, why)
    names = f": {', '.join(found.revisions)}" if found.revisions else ""
    yield "verdict", (found.verdict, _STYLES.get(found.verdict, "")), f" ({meaning}{names})"
    yield "state", found.state
    if found.failure is not None:
        error = found.failure["error"]
        yield "failure", (str(error.get("reference")), "red"), f" (journal entry {found.failure['seq']})"
    yield "at work", *_working(found)
    if found.run is not None and not found.at_work:
        run = found.run
        ended = f"ended: {run.ended}" if run.ended else "was interrupted"
        yield "last run", f"{run.at}  {run.host}/{run.pid}  {run.reason}; {ended}"
    if found.rows:
        yield "revision", ", ".join(found.rows)
    if found.held:
        yield "held", (", ".join(found.held), "yellow")
    if found.seeds:
        yield "seeds", ", ".join(found.seeds)
    if found.backup:
        yield "backup", f"{found.backup} (from before the last changes)"
    for warning in found.warnings:
        yield "warning", (warning, "yellow")
    last = f", the last {found.last_type} at {found.last_at}" if found.entries else ""
    yield "journal", f"{found.entries} entries{last}" if found.entries else "none"


def _working(found: Status) -> tuple[Part, ...]:
    if not found.at_work:
        return ("nobody",)
    run = found.run
    if run is None or run.ended is not None:
        return (("a process that has not said who it is", "bold"),)
    done = f" since {run.at}, last {found.last_type} at {found.last_at}"
    return ((f"{run.app} on {run.host} (process {run.pid})", "bold"), done)
