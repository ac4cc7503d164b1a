"""Answers a shell that completes a value: soon, in silence, and with nothing if something is wrong."""

from __future__ import annotations

import contextlib
import io
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import TypeAlias

import click
from click.shell_completion import CompletionItem

from initdb.cli.calling.call import Call

PATIENCE = 2.0
"""Seconds that a person waits at most for files and a database. They may be slow, or not answer at all."""

_PLAIN = re.compile(r"[\w.@:/+-]+", re.ASCII)
"""What a shell takes as it is. Completed text is part of a command line that a person runs."""

Values: TypeAlias = Mapping[str, str] | Iterable[str]
"""The values, or each with what it means."""
Completer: TypeAlias = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def known(find: Callable[[], Values]) -> Completer:
    """Complete what is known without any file or database.

    Args:
        find: Gives all values.
    """
    return lambda ctx, parameter, incomplete: _fitting(ctx, parameter, incomplete, find())


def stored(name: str) -> Completer:
    """Complete what is in files or in a database.

    Args:
        name: The function of `initdb.cli.completing.stored` that gives all values for a call. What it raises
            or prints is dropped, and it is not waited for longer than `PATIENCE`.
    """

    def complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        with contextlib.suppress(ImportError):
            # This may take long on a busy machine, but nobody waits for it in vain.
            find = getattr(import_module("initdb.cli.completing.stored"), name)
            return _fitting(ctx, parameter, incomplete, within(PATIENCE, lambda: find(Call.of(ctx))))
        return []

    return complete


def within(seconds: float, find: Callable[[], Values]) -> Values:
    """What a function finds; nothing if it fails or takes longer.

    Args:
        seconds: How long it may take. Then its thread is left alone, and ends with the process.
        find: The function.
    """
    found: list[Values] = []

    def look() -> None:
        with contextlib.suppress(Exception):  # whatever is wrong, a shell that completes shows nothing
            found.append(find())

    thread, nowhere = threading.Thread(target=look, daemon=True), io.StringIO()
    with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        thread.start()
        thread.join(seconds)
    return found[0] if found else ()


def _fitting(
    ctx: click.Context, parameter: click.Parameter, incomplete: str, found: Values
) -> list[CompletionItem]:
    """The values that begin as the word does, that can be typed as they are, and that were not given yet."""
    told = found if isinstance(found, Mapping) else dict.fromkeys(found, "")
    given = ctx.params.get(parameter.name or "")
    before = given if isinstance(given, tuple) else ()
    return [
        CompletionItem(value, help=" ".join(meaning.split()) or None)
        for value, meaning in told.items()
        if value.startswith(incomplete) and _PLAIN.fullmatch(value) and value not in before
    ]
