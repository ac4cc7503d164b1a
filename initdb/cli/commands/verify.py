"""`initdb journal verify`: checks that the journal is as it was written."""

from __future__ import annotations

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import output_options, setting_options
from initdb.cli.opening.opened import make_reading_engine
from initdb.cli.opening.target import find_target
from initdb.errors import InitError

COULD_NOT_CHECK = 5


class Verify(Command):
    """A command whose exit code 1 means that it found something, not that it failed."""

    failure_code = COULD_NOT_CHECK


@click.command("verify", cls=Verify)
@output_options
@setting_options
@pass_call
def verify(call: Call) -> int:
    """Check that the journal is as it was written.

    It only reads: the hash chain, the columns, the head and the triggers, and it replays every transition.
    The exit code is 0 if the journal is intact, 1 if something was found, 5 if it could not be checked.

    An intact journal proves that nobody changed, removed or reordered an entry, and that nobody cut off the
    end while the head row stayed as it was. It does not prove that nobody changed both.
    """
    target = find_target(call, journal_only=True)
    engine = make_reading_engine(call, target)
    from initdb.cli.entries.reading import is_there
    from initdb.errors.redact import url_text
    from initdb.events.sessions import session
    from initdb.statemachine.decide.audit import audit, journal_to_audit
    from initdb.statemachine.site import owner_of
    from initdb.steps.connect import reading

    url, settings = url_text(engine.url), target.settings
    nothing = InitError("journal-missing", url, database=engine.dialect.name)
    if not is_there(engine):
        raise nothing
    with reading(engine), session(engine) as connection:
        journal = journal_to_audit(connection, owner_of(settings), settings.journal_schema)
        if journal is None:
            raise nothing
        found = audit(connection, journal)
    code = 1 if found.findings else 0
    for finding in found.findings:
        call.screen.say((f"entry {finding.seq}", "bold red"), f" {finding.text}")
    if code:
        call.screen.say(
            (f"{len(found.findings)} findings", "bold red"),
            f" in {found.entries} entries: see initdb explain journal-tampered",
        )
    else:
        call.screen.say(
            ("intact", "bold green"), f": {found.entries} entries, the last with hash {found.hash}"
        )
    call.screen.emit(
        {
            "command": call.name,
            "outcome": "findings" if code else "intact",
            "exit_code": code,
            "database": {"kind": engine.dialect.name, "url": url},
            "entries": found.entries,
            "hash": found.hash,
            "findings": [{"seq": finding.seq, "text": finding.text} for finding in found.findings],
        }
    )
    return code
