"""Applies the built-in identity schema's own seed source: its rows, its admin, the admin's password."""

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


def apply(connection: Connection, password_file: Path | None) -> tuple[BatchCounts, dict[str, object]]:
    """Insert what is missing of rows and admin; return the counts and what the event says beside them.

    `tables`: table → rows [created, skipped]; `admin`: where the password of a new one came from.

    A generated password is shown on the terminal here, before the transaction is committed. Raises InitError
    admin-password-weak, admin-password-unreadable, identity-incomplete.
    """
    made = rows.apply(connection)
    counts = BatchCounts(sum(new for new, _ in made.values()), sum(old for _, old in made.values()))
    tables = {name: list(numbers) for name, numbers in made.items()}
    with _terminal() as terminal:
        password = admin.obtain_password(os.environ, password_file, terminal is not None)
        if not admin.create_admin(connection, password):
            return counts, {"tables": tables | {"users": [0, 1]}}
        if password.origin == "none":
            _log.warning("%s", admin.announcement(password))
        elif terminal is not None:
            print(admin.announcement(password), file=terminal, flush=True)
    return counts, {"tables": tables | {"users": [1, 0]}, "admin": {"password": password.origin}}


@contextmanager
def _terminal() -> Iterator[TextIO | None]:
    """Where a person reads: the process's terminal, wherever its output goes; None where there is none."""
    try:
        terminal = Path("/dev/tty").open("w", encoding="utf-8")  # noqa: SIM115 (closed below)
    except OSError:
        yield sys.stderr if sys.stderr is not None and sys.stderr.isatty() else None
        return
    with terminal:
        yield terminal
