"""`initdb eject`: exports the journal, and takes everything of initdb out of the database."""

from __future__ import annotations

from pathlib import Path

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import output_options, setting_options
from initdb.cli.opening.opened import choose_working_engine
from initdb.cli.opening.target import find_target


@click.command("eject", cls=Command)
@click.option(
    "--to",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file of the export; it must not exist yet.",
)
@click.option("--yes", is_flag=True, help="Do not ask before the journal is removed.")
@output_options
@setting_options
@pass_call
def eject(call: Call, to: Path, yes: bool) -> int:
    """Export the journal, and take everything of initdb out of the database.

    Your tables, their rows and Alembic's version table stay, and plain Alembic goes on from there. It shows
    what it will do. On a terminal it asks first; elsewhere it needs --yes.

    The file has one line of JSON for each entry, as it is stored; docs/leaving.md has the format. It is
    complete and on the disk before anything is removed, in one transaction. If the command was killed, call
    it again.

    Of several databases it is the first, or the one that --database names.
    """
    target = find_target(call, journal_only=True)
    from initdb.cli.working.eject import Ejection

    engine, settings = choose_working_engine(call, target)
    return Ejection(call, engine, settings, to).perform(assured=yes)
