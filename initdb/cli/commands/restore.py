"""`initdb restore`: puts a SQLite database back from a backup, or lists the backups."""

from __future__ import annotations

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import output_options, reason_option, setting_options
from initdb.cli.opening.opened import choose_working_engine
from initdb.cli.opening.target import find_target


@click.command("restore", cls=Command)
@click.argument("file", required=False, metavar="[FILE]")
@click.option("--list", "listed", is_flag=True, help="Only list what can be restored, the newest first.")
@click.option("--yes", is_flag=True, help="Do not ask before the database is replaced.")
@reason_option
@output_options
@setting_options
@pass_call
def restore(call: Call, file: str | None, listed: bool, yes: bool, reason: str | None) -> int:
    """Put a SQLite database back from a backup.

    FILE is a name from the list, or a path. By default it is the backup from before the last changes. The
    command shows what it replaces. On a terminal it asks first; elsewhere it needs --yes. It refuses while
    another process has the database open.

    The present file is kept under a name that it prints, with the entries of its journal that the backup does
    not have. `initdb run` goes on from the backup: it applies the revisions that the code has and the backup
    has not. If the command was killed, call it again.

    A PostgreSQL database is restored by the program that made the backup; this command says what to type.
    Of several databases it is the first, or the one that --database names.
    """
    target = find_target(call, journal_only=True)
    from initdb.cli.working.restore import Restoration
    from initdb.statemachine.restoring import Restoring

    engine, settings = choose_working_engine(call, target)
    restoration = Restoration(call, engine, Restoring(engine, settings, reason=reason))
    return restoration.list() if listed else restoration.perform(file, assured=yes)
