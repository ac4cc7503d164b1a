"""`initdb replay`: what was known at any event of the journal, and what changed between two."""

from __future__ import annotations

from pathlib import Path

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import archive_option, output_options, setting_options
from initdb.cli.entries.filters import Moment
from initdb.cli.opening.opened import make_reading_engine
from initdb.cli.opening.target import find_target
from initdb.errors import InitError


@click.command("replay", cls=Command)
@click.option(
    "--at",
    type=Moment(),
    metavar="SEQ|TIME",
    help="After this entry: its number, or a time: 2026-11-23T08:06 (UTC), or 90s, 2h, 3d ago.",
)
@click.option(
    "--diff",
    nargs=2,
    type=Moment(),
    metavar="A B",
    help="The difference between two entries, each as for --at.",
)
@archive_option
@output_options
@setting_options
@pass_call
def replay(
    call: Call, at: int | str | None, diff: tuple[int | str, int | str] | None, archive: tuple[Path, ...]
) -> int:
    """Show what the journal knew after an event, and what a boot would have done next.

    By default that is the last event. At a time it is the last event that was written up to then. It only
    reads, and needs the database alone: what was pending is what the journal itself says of it.

    Every event up to that one is replayed by the machine. If one cannot have followed from the events before
    it, it is named, and the exit code is 1: what is shown is then what the events say. To check more, such as
    the chain of hashes: initdb journal verify
    """
    if at is not None and diff:
        raise click.UsageError("--at and --diff exclude each other")
    target = find_target(call, journal_only=True)
    engine = make_reading_engine(call, target)
    from initdb.cli.entries.reading import is_there
    from initdb.cli.working.archived import Archived
    from initdb.cli.working.replay import Replay
    from initdb.errors.redact import url_text

    if not is_there(engine):
        raise InitError("journal-missing", url_text(engine.url), database=engine.dialect.name)
    return Replay(call, engine, target.settings).perform(diff or (at,), Archived(archive))
