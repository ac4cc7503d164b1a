"""`initdb journal verify`: checks that the journal is as it was written."""

from __future__ import annotations

from pathlib import Path

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import archive_option, output_options, setting_options
from initdb.cli.opening.opened import make_reading_engine
from initdb.cli.opening.target import find_target

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
@click.option(
    "--since",
    metavar="FILE|LINE",
    help="Check only what was written since a checkpoint, of a journal that was intact up to it: the last one"
    " in a file (- is stdin), or a line.",
)
@archive_option
@output_options
@setting_options
@pass_call
def verify(
    call: Call,
    checkpoints: tuple[str, ...],
    keys: tuple[Path, ...],
    since: str | None,
    archive: tuple[Path, ...],
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

    With --since it reads from the last snapshot before that checkpoint on, and finds what it would have found
    there; what was edited before it since then, it does not find. If the journal does not agree with the
    checkpoint, all of it is checked.
    """
    from initdb.cli.working.archived import Archived
    from initdb.cli.working.verifying import Verification
    from initdb.cli.working.vouching import given

    if keys and not checkpoints and since is None:
        raise click.UsageError("--public-key needs --checkpoint or --since, whose signatures it checks")
    begin = given((since,) if since is not None else (), keys, "--since")
    against = given(checkpoints, keys).joined(begin)
    target = find_target(call, journal_only=True)
    engine = make_reading_engine(call, target)
    return Verification(call, engine, target.settings).perform(
        against, begin.points[-1] if begin.points else None, Archived(archive)
    )
