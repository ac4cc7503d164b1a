"""Commands that end in an orderly way: every error is shown as a failure, with a documented exit code."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Concatenate, NoReturn, ParamSpec

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.options import SettingOption
from initdb.cli.calling.usage import harmless
from initdb.errors import InitError
from initdb.errors.causes import frames_of
from initdb.errors.faces import speaking
from initdb.errors.withheld import kind_of, shown_to
from initdb.supported import too_old

INTERRUPTED = 130
P = ParamSpec("P")


class Careful(click.Command):
    """A command whose usage errors quote no secrets and no control characters."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line."""
        with harmless(ctx):
            return super().parse_args(ctx, args)


class Ending(Careful):
    """A command whose function returns its exit code (None is 0)."""

    failure_code: int | None = None
    """The exit code of every failure, except wrong usage (2). None: each failure has its own."""

    def invoke(self, ctx: click.Context) -> NoReturn:
        """Call the function and leave with its exit code."""
        with ending(ctx, self.failure_code):
            ctx.exit(super().invoke(ctx) or 0)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options of the command first, and its settings in a section of their own."""
        write_options(self, ctx, formatter)


class Command(Ending):
    """One command."""


class CommandGroup(Ending, click.Group):
    """A group that can be called itself, if none of its commands is named."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options as a command does, then the commands of the group."""
        write_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)


def pass_call(function: Callable[Concatenate[Call, P], int | None]) -> Callable[P, int | None]:
    """Give the function its call as first argument."""

    def called(*args: P.args, **kwargs: P.kwargs) -> int | None:
        return function(Call.of(click.get_current_context()), *args, **kwargs)

    called.__doc__ = function.__doc__
    return called


def write_options(command: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """Write the options of a command in two sections."""
    own: list[tuple[str, str]] = []
    settings: list[tuple[str, str]] = []
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is not None and record[1]:
            (settings if isinstance(parameter, SettingOption) else own).append(record)
    for title, records in (("Options", own), ("Settings (docs/settings.md)", settings)):
        if records:
            with formatter.section(title):
                formatter.write_dl(records)


@contextmanager
def ending(ctx: click.Context, failure_code: int | None) -> Iterator[None]:
    """Show what the block raises as a failure on stderr, and exit. Exceptions of click pass."""
    call = Call.of(ctx)
    shown = shown_to(call.screen.disclose) if call.show_values else nullcontext()
    with speaking(call.face), shown, _ending(ctx, failure_code):
        yield


@contextmanager
def _ending(ctx: click.Context, failure_code: int | None) -> Iterator[None]:
    try:
        with harmless(ctx):
            yield
    except (click.ClickException, click.exceptions.Exit):
        raise
    except InitError as error:
        _end(ctx, error, failure_code)
    except click.Abort:  # Ctrl-C or Ctrl-D at a question
        Call.of(ctx).fail(InitError("stopped", "a question was not answered"), INTERRUPTED)
        ctx.exit(INTERRUPTED)
    except KeyboardInterrupt:
        ctx.exit(INTERRUPTED)
    except Exception as error:  # a bug in initdb: it is shown like any failure
        old = too_old() if isinstance(error, ImportError) else None
        _end(ctx, old or _internal(error, Call.of(ctx).debug), failure_code)


def _end(ctx: click.Context, error: InitError, failure_code: int | None) -> None:
    from initdb.statemachine.security import tell_error

    call = Call.of(ctx)
    tell_error(error, error.names.get("DBURL") or error.names.get("DBFILE"), error.names.get("DBROLE"))
    code = error.exit_code if failure_code is None or error.exit_code == 2 else failure_code
    call.screen.fail(error.rendered())
    call.fail(error, code)
    ctx.exit(code)


def _internal(error: Exception, debug: bool) -> InitError:
    """The failure for a bug in initdb: what, and where. The traceback is printed if --debug was given."""
    if debug:
        sys.stderr.write(frames_of(error))
    frames = traceback.extract_tb(error.__traceback__)
    where = f"at {frames[-1].filename}, line {frames[-1].lineno}" if frames else ""
    fix = "Report it with the lines above. To see the traceback, call the command again with --debug."
    return InitError("internal-error", kind_of(error), where, fix=fix)
