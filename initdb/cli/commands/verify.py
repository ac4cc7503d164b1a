"""`initdb journal verify`: checks that the journal is as it was written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import archive_option, output_options, setting_options
from initdb.cli.opening.opened import make_reading_engine
from initdb.cli.opening.target import find_target
from initdb.errors import InitError

if TYPE_CHECKING:
    from initdb.cli.working.vouching import Vouched

COULD_NOT_CHECK = 5


class Verify(Command):
    """A command whose exit code 1 means that it found something, not that it failed."""

    failure_code = COULD_NOT_CHECK


@click.command("verify", cls=Verify)
@click.option(
    "--checkpoint",
    "checkpoints",
    multiple=True,
    metavar="FILE|LINE",
    help="Compare the journal with a checkpoint, or with those in a file (- is stdin). May be repeated.",
)
@click.option(
    "--public-key",
    "keys",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Accept only checkpoints that are signed with this key. May be repeated.",
)
@archive_option
@output_options
@setting_options
@pass_call
def verify(
    call: Call, checkpoints: tuple[str, ...], keys: tuple[Path, ...], archive: tuple[Path, ...]
) -> int:
    """Check that the journal is as it was written.

    It only reads: the hash chain, the columns, the head and the triggers, and it replays every transition.
    The exit code is 0 if the journal is intact, 1 if something was found, 5 if it could not be checked.

    An intact journal proves that nobody changed, removed or reordered an entry, and that nobody cut off the
    end while the head row stayed as it was. It does not prove that nobody changed both.

    Checkpoints that were kept elsewhere prove that too (`initdb journal checkpoint`): with --checkpoint it
    finds an end that was cut off, and a chain that was built anew, since then. A restored backup looks the
    same. If an entry records a restore that explains it, that entry is named; whoever can rebuild the
    journal can write such an entry too. docs/evidence.md says more.
    """
    from initdb.cli.working.archived import archived
    from initdb.cli.working.vouching import findings_of, given

    if keys and not checkpoints:
        raise click.UsageError("--public-key needs --checkpoint, whose signatures it checks")
    against, older = given(checkpoints, keys), archived(archive)
    target = find_target(call, journal_only=True)
    engine = make_reading_engine(call, target)
    from initdb.cli.entries.reading import is_there
    from initdb.errors.redact import url_text
    from initdb.events.sessions import session
    from initdb.statemachine.decide.audit import audit, journal_to_audit
    from initdb.statemachine.security import tell_finding
    from initdb.statemachine.site import owner_of, trusted_by
    from initdb.steps.connect import reading

    url, settings = url_text(engine.url), target.settings
    nothing = InitError("journal-missing", url, database=engine.dialect.name)
    if not is_there(engine):
        raise nothing
    with reading(engine), session(engine) as connection:
        journal = journal_to_audit(
            connection, owner_of(settings), settings.journal_schema, trusted_by(settings)
        )
        if journal is None:
            raise nothing
        found = audit(connection, journal, older)
        vouched = against.compare(connection, journal, older)
    findings = sorted((*found.findings, *findings_of(vouched)), key=lambda finding: finding.seq)
    code = 1 if findings or against.damaged else 0
    for said in against.damaged:
        call.screen.say((said, "bold red"))
    for finding in findings:
        call.screen.say((f"entry {finding.seq}", "bold red"), f" {finding.text}")
        tell_finding(finding.text, finding.seq, engine)
    if code:
        call.screen.say(
            (f"{len(findings) + len(against.damaged)} findings", "bold red"),
            f" in {found.entries} entries: see initdb explain journal-tampered",
        )
    else:
        call.screen.say(
            ("intact", "bold green"), f": {found.entries} entries, the last with hash {found.hash}"
        )
    if vouched:
        _tell(call, vouched)
    call.screen.emit(
        {
            "command": call.name,
            "outcome": "findings" if code else "intact",
            "exit_code": code,
            "database": {"kind": engine.dialect.name, "url": url},
            "entries": found.entries,
            "hash": found.hash,
            "findings": [{"seq": finding.seq, "text": finding.text} for finding in findings],
            "checkpoints": [one.data() for one in vouched],
            "damaged": list(against.damaged),
        }
    )
    return code


def _tell(call: Call, vouched: tuple[Vouched, ...]) -> None:
    """Say how many checkpoints agree, and what their signatures are worth."""
    agree = sum(1 for one in vouched if one.finding is None)
    call.screen.say(f"{agree} of {len(vouched)} checkpoints agree with the journal")
    seals = [one.seal for one in vouched]
    if "unchecked" in seals:
        call.screen.warn("warning: no signature was checked; to check them, add: --public-key FILE")
    elif "unsigned" in seals and "good" not in seals:
        call.screen.warn(
            "warning: checkpoints without a signature prove as much as the place where they were kept"
        )
