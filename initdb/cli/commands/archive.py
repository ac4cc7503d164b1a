"""`initdb journal archive`: moves old entries of the journal to a file."""

from __future__ import annotations

from pathlib import Path

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import output_options, setting_options
from initdb.cli.entries.filters import Moment
from initdb.cli.opening.opened import make_reading_engine
from initdb.cli.opening.target import find_target


@click.command("archive", cls=Command)
@click.argument("to", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--before",
    type=Moment(),
    required=True,
    metavar="SEQ|TIME",
    help="Move no entry from this one on: its number, or a time: 2026-11-23T08:06 (UTC), or 90s, 2h, 3d ago.",
)
@click.option("--reason", required=True, metavar="TEXT", help="Why you order it; the journal keeps it.")
@output_options
@setting_options
@pass_call
def archive(call: Call, to: Path, before: int | str, reason: str) -> int:
    """Move old entries of the journal to FILE.

    FILE gets the whole journal, as with `initdb journal export`: it is on the disk before the database loses
    an entry. Then the old entries are removed, and an event says which, to which file, and why; the chain of
    hashes goes through it. The first entry stays, and the last snapshot before SEQ or TIME with all that
    follows: from it boots go on.

    Name the same FILE the next time: it gets what it lacks, and so has the whole history. If the process is
    killed, nothing was removed; give the command again.

    \b
    To check the history as a whole, and to look into it:
      initdb journal verify --archive FILE
      initdb replay --archive FILE --at SEQ

    Only the owner of the journal's tables can do it. A damaged journal is not archived.
    """
    target = find_target(call, journal_only=True)
    engine = make_reading_engine(call, target)
    from initdb.cli.working.archive import Archive

    return Archive(call, engine, target.settings).perform(to, before, reason)
