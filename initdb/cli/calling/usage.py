"""Wrong usage: an option, an argument or a command that does not exist. It is shown safely, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile

import click

from initdb.cli.calling.call import Call
from initdb.errors.faces import speaking
from initdb.errors.safe import safe_text


def asks_for_json(words: Sequence[str]) -> bool:
    """Whether a command line asks for JSON, also one that cannot be parsed.

    Args:
        words: The command line, without the name of the program.

    Example:
        >>> asks_for_json(["run", "--nonsense", "--json"]), asks_for_json(["release", "--", "--json"])
        (True, False)
    """
    return "--json" in takewhile(lambda word: word != "--", words)


@contextmanager
def harmless(ctx: click.Context) -> Iterator[None]:
    """Make a usage error safe: it quotes what was typed, which may be a secret, or very long.

    Args:
        ctx: The context of the command that is parsed or called; an error without a context gets it.
    """
    try:
        yield
    except click.UsageError as error:
        error.ctx = error.ctx or ctx
        vars(error).update(message="\n".join(safe_text(line) for line in error.message.split("\n")))
        raise


@contextmanager
def documented(ctx: click.Context) -> Iterator[None]:
    """Print a usage error as JSON too, if that was asked for.

    Args:
        ctx: The context of the whole command line.
    """
    try:
        yield
    except click.UsageError as error:
        from initdb.errors import InitError

        at = error.ctx or ctx
        is_help = isinstance(error, click.exceptions.NoArgsIsHelpError)
        said = "Missing command." if is_help else error.format_message()
        fix = f"See what the command takes: {at.command_path} --help"
        call = Call.of(at)
        with speaking(call.face):
            call.fail(InitError("bad-usage", *said.split("\n"), fix=fix), error.exit_code)
        raise
