"""Applies the seeds of the built-in identity schema: its rows, its admin and the admin's password."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from sqlalchemy import Connection

from initdb.steps.identity import admin, rows
from initdb.steps.seeds.rows import BatchCounts

_log = logging.getLogger("initdb")


Made = dict[str, tuple[int, int]]
"""Table → how many rows were created, and how many were there."""


def apply(
    connection: Connection, password_file: Path | None, *, must_change: bool = False
) -> tuple[BatchCounts, Made, dict[str, object] | None]:
    """Insert the missing rows and the admin, if it is missing.

    A generated password is printed on the terminal here, before the transaction is committed.

    Args:
        connection: In the transaction of a unit.
        password_file: A file with the admin's password; see `identity.password.obtain_password`.
        must_change: Whether a password that was given must be changed at the first log-in, too.

    Returns:
        The counts of all tables together; those of each table; and for a new admin the origin of the
        password.

    Raises:
        InitError: `admin-password-weak`, `admin-password-unreadable`, `identity-incomplete`.
    """
    made = rows.apply(connection)
    counts = BatchCounts(sum(new for new, _ in made.values()), sum(old for _, old in made.values()))
    with _terminal() as terminal:
        password = admin.obtain_password(os.environ, password_file, terminal is not None)
        if not admin.create_admin(connection, password, must_change=must_change):
            return counts, {**made, "users": (0, 1)}, None
        if password.origin == "none":
            _log.warning("%s", admin.announcement(password))
        elif terminal is not None:
            print(admin.announcement(password), file=terminal, flush=True)
    return counts, {**made, "users": (1, 0)}, {"password": password.origin}


@contextmanager
def _terminal() -> Iterator[TextIO | None]:
    """The process's terminal, even if its output is redirected; None if it has none."""
    try:
        terminal = Path("/dev/tty").open("w", encoding="utf-8")  # noqa: SIM115 (closed below)
    except OSError:
        yield sys.stderr if sys.stderr is not None and sys.stderr.isatty() else None
        return
    with terminal:
        yield terminal
