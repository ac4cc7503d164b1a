"""How long a command waits for a database that does not answer. A person at a terminal wants to know soon."""

from __future__ import annotations

import os
import sys

from initdb.settings import Settings

TYPED = 3.0
"""Seconds that a command waits which a person typed. A wrong host or port does not become right."""

_ENTRY_POINT = 1
"""The process group of a container's first process, which has a terminal in some set-ups."""


def patience(settings: Settings, *, typed: bool) -> float | None:
    """The seconds to wait for a database that has not answered yet; None for the setting `wait_limit`.

    Args:
        settings: If they give `wait_limit`, that counts.
        typed: Whether a person typed the command.
    """
    if "wait_limit" in settings.given or not typed:
        return None
    return min(TYPED, settings.wait_limit)


def is_typed(*, terminals: tuple[bool, ...], group: int) -> bool:
    """Whether a person typed the command, and reads what it prints.

    Args:
        terminals: Whether stdin and stderr are terminals.
        group: The process group. A container's entry point boots, whatever its streams are.

    Example:
        >>> is_typed(terminals=(True, True), group=4711), is_typed(terminals=(True, True), group=1)
        (True, False)
    """
    return all(terminals) and group != _ENTRY_POINT


def at_terminal() -> bool:
    """Whether a person typed the command of this process."""
    streams = (sys.stdin, sys.stderr)
    terminals = tuple(stream is not None and stream.isatty() for stream in streams)
    return is_typed(terminals=terminals, group=os.getpgrp())
