"""`initdb journal`: what happened, when, where, and why it failed."""

from __future__ import annotations

from contextlib import nullcontext

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import CommandGroup
from initdb.cli.calling.options import output_options, setting_options
from initdb.cli.commands.archive import archive
from initdb.cli.commands.checkpoint import checkpoint
from initdb.cli.commands.export import export
from initdb.cli.commands.set_aside import set_aside
from initdb.cli.commands.verify import verify
from initdb.cli.completing.answers import known, stored
from initdb.cli.entries.filters import Filters, known_states, known_types
from initdb.cli.entries.filters import since as since_time
from initdb.cli.opening.opened import make_reading_engine
from initdb.cli.opening.target import find_target
from initdb.errors import InitError


@click.group("journal", cls=CommandGroup, invoke_without_command=True)
@click.option(
    "--run",
    "of_run",
    default="",
    metavar="ID",
    help="Only this run; the beginning of its id is enough.",
    shell_complete=stored("runs"),
)
@click.option(
    "--type",
    "types",
    multiple=True,
    metavar="TYPE",
    help="Only events of this type. May be repeated.",
    shell_complete=known(known_types),
)
@click.option(
    "--state",
    "states",
    multiple=True,
    metavar="STATE",
    help="Only events that lead to or leave this state. May be repeated.",
    shell_complete=known(known_states),
)
@click.option(
    "--since",
    metavar="TIME",
    callback=since_time,
    help="Only events since then: 2026-11-23T08:06 (UTC), or 90s, 2h, 3d ago.",
)
@click.option(
    "--until",
    metavar="TIME",
    callback=since_time,
    help="Only events up to then; with --follow it ends then.",
)
@click.option(
    "--grep",
    metavar="TEXT",
    default="",
    help="Only events with this text in what is printed or stored of them, in whatever case.",
)
@click.option(
    "--failed",
    is_flag=True,
    help="Only failures, with how their run began and the three events before each.",
)
@click.option(
    "--last", "number", type=click.IntRange(min=1), metavar="N", help="Only the last N of these events."
)
@click.option(
    "--snapshots", is_flag=True, help="Also snapshots and inventories, which tell of nothing that happened."
)
@click.option("--follow", is_flag=True, help="Go on, and print each new event until Ctrl-C.")
@click.option("--no-pager", is_flag=True, help="Never show it in a pager (PAGER, or less).")
@output_options
@setting_options
@click.pass_context
def journal(  # noqa: PLR0913, PLR0917 - one for each option
    ctx: click.Context,
    of_run: str,
    types: tuple[str, ...],
    states: tuple[str, ...],
    since: str,
    until: str,
    grep: str,
    failed: bool,
    number: int | None,
    snapshots: bool,
    follow: bool,
    no_pager: bool,
) -> int:
    """Print the journal: one line for each event, grouped by run.

    It only reads, and needs the database alone: neither models nor revisions. Failures are printed as they
    were shown. With --json each line is an event as it is stored. On a terminal,
    what is longer than the window is shown in a pager.

    An event is printed if it passes every option that is given. --failed is the first of them, --last the
    last. A run that another process had to resume counts as a failure.
    """
    if ctx.invoked_subcommand is not None:
        return 0
    call = Call.of(ctx)
    if since and until and since > until:
        raise click.UsageError("--since is later than --until: no event can be of that time")
    filters = Filters(of_run, types, states, since, snapshots, until, grep, failed)
    return _tell(call, filters, number, follow=follow, pager=not follow and not no_pager)


def _tell(call: Call, filters: Filters, number: int | None, *, follow: bool, pager: bool) -> int:
    target = find_target(call, journal_only=True)
    engine = make_reading_engine(call, target)
    from initdb.cli.entries.following import Follower
    from initdb.cli.entries.reading import Reader
    from initdb.cli.output.journal_lines import Story

    decodes = not call.screen.as_json or not filters.is_of_columns
    reader, story = Reader(engine, target.settings, filters, decodes), Story(call.screen)
    found, written, error = reader.read(number), 0, None
    with call.screen.paged() if pager else nullcontext():
        try:
            for entry in found.entries:
                story.write(entry)
                written = entry.seq
                if call.screen.is_gone:
                    break
        except InitError as raised:
            error = raised  # the pager is left first
        story.flush()
    if error is not None:
        raise error
    if not written:
        filters.refuse_unknown()
    if follow:
        # What led to a failure may have come before the last entry.
        Follower(reader, call.screen, story).follow(written if filters.failed else found.upto)
    elif not written:
        call.screen.say("no entry matches" if found.exists else "there is no journal yet")
    return 0


journal.add_command(verify)
journal.add_command(set_aside)
journal.add_command(checkpoint)
journal.add_command(export)
journal.add_command(archive)
