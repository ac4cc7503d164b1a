"""Makes the file of a SQLite database that does not exist yet."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from initdb.errors import InitError
from initdb.errors.classify import classify
from initdb.errors.files import why_not_opened
from initdb.errors.known_names import of_file


def make_file(file: Path) -> None:
    """Make an empty database with mode 0600 and a write-ahead log. A file that exists is left as it is.

    Args:
        file: Where.

    Raises:
        InitError: Why it cannot be made, for example `folder-missing`.
    """
    try:
        # Only the process that makes the file may open it without SQLite, so it must not exist (O_EXCL).
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        refuse_unmakeable(file)
        raise classify(error, doing="connect", database="sqlite", target=str(file)) from error
    with (
        contextlib.closing(sqlite3.connect(file)) as connection,
        contextlib.suppress(sqlite3.OperationalError),
    ):
        connection.execute("PRAGMA journal_mode = WAL")


def refuse_unmakeable(file: Path) -> None:
    """Refuse a file that cannot be made, as far as its folder tells. Nothing is made.

    Args:
        file: Where.

    Raises:
        InitError: Why it cannot be made, for example `folder-missing`.
    """
    if (found := why_not_opened(file)) is not None:
        raise InitError(found[0], *found[1], database="sqlite", names=of_file(found[2]))
