"""`initdb`: the group of all commands, and its help."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import click

import initdb
from initdb.cli.calling.call import FLASK_KEY
from initdb.cli.calling.command import Careful
from initdb.cli.calling.options import keep_flag, output_options
from initdb.cli.calling.usage import asks_for_json, documented, harmless
from initdb.cli.commands.admin import admin
from initdb.cli.commands.alembic import alembic
from initdb.cli.commands.completion import completion
from initdb.cli.commands.doctor import doctor
from initdb.cli.commands.eject import eject
from initdb.cli.commands.explain import diagram, explain
from initdb.cli.commands.init import init
from initdb.cli.commands.journal import journal
from initdb.cli.commands.manifest import manifest
from initdb.cli.commands.plan import plan
from initdb.cli.commands.repair import repair
from initdb.cli.commands.replay import replay
from initdb.cli.commands.restore import restore
from initdb.cli.commands.rollback import release, rollback
from initdb.cli.commands.run import resume, run
from initdb.cli.commands.status import status
from initdb.cli.commands.validate import validate
from initdb.nearest import did_you_mean

COMMANDS: tuple[click.Command, ...] = (
    init,
    run,
    resume,
    status,
    journal,
    replay,
    plan,
    validate,
    repair,
    rollback,
    release,
    restore,
    doctor,
    admin,
    alembic,
    manifest,
    eject,
    explain,
    diagram,
    completion,
)
WHICH = f"initdb-journal {initdb.__version__}, for the databases of applications (not PostgreSQL's initdb)"

_WHAT = (
    "Makes the database of an application ready, from any state, and journals every step. Call it again, and"
    " it goes on where it stopped."
)
_CODES = (
    "Exit codes: 0 ready, 1 failed, 2 wrong usage, 3 pending, held or not ready, 4 another process works and"
    " --no-wait was given, 130 or 143 stopped by a signal. Those of journal verify: 0 intact, 1 something was"
    " found, 5 could not be checked."
)


class Root(Careful, click.Group):
    """The commands, in the order in which they are used, and an answer if PostgreSQL's initdb was meant."""

    is_root = True
    load: Callable[[click.Context], object] | None = None
    """Loads the application of `flask initdb …`; None for `initdb` itself."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order in which the commands were added."""
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the options before the command. --json counts wherever it is, also if the parsing fails."""
        if asks_for_json(args):
            keep_flag(ctx, "json")
        if self.load is not None:
            ctx.meta[FLASK_KEY] = partial(self.load, ctx)
        with documented(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Call the command that is named."""
        with documented(ctx), harmless(ctx):
            return super().invoke(ctx)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a first line that says which initdb this is, then the help of a group."""
        formatter.write(f"{WHICH}\n\n")
        super().format_help(ctx, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of the first word.

        Raises:
            click.UsageError: There is none. The message says which initdb this is.
        """
        name = args[0]
        known = self.get_command(ctx, name) is not None
        if not known and not name.startswith("-") and not ctx.resilient_parsing:
            near = did_you_mean(name, self.commands)
            raise click.UsageError(
                f"No such command {name!r}{near}\n\nThis is {WHICH}.\n"
                f"To make a PostgreSQL cluster in a folder of this name: initdb -D {name}",
                ctx,
            )
        return super().resolve_command(ctx, args)


def make_group(load: Callable[[click.Context], object] | None = None) -> Root:
    """A new group of all commands.

    Args:
        load: Loads the application of `flask initdb …`; None for `initdb` itself.
    """
    group = Root(
        "initdb",
        help=f"{_WHAT}\n\n{_CODES}",
        commands=COMMANDS,
        context_settings={"help_option_names": ["-h", "--help"]},
        no_args_is_help=True,
    )
    group.load = load
    output_options(group)
    click.version_option(initdb.__version__, "--version", "-V", message=f"{WHICH}")(group)
    return group
