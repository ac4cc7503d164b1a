"""Hands over to PostgreSQL's own initdb, which has the same name, if the options are its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NoReturn

from initdb.errors import InitError

SHORT = frozenset("ADEgkTUWXcdLnNSs")
"""The letters of the short options of PostgreSQL's initdb, 14 to 18, except `-V` and `-?`, which both have.

See https://www.postgresql.org/docs/current/app-initdb.html.
"""

LONG = frozenset(
    {
        "allow-group-access",
        "auth",
        "auth-host",
        "auth-local",
        "builtin-locale",
        "data-checksums",
        "discard-caches",
        "encoding",
        "icu-locale",
        "icu-rules",
        "lc-collate",
        "lc-ctype",
        "lc-messages",
        "lc-monetary",
        "lc-numeric",
        "lc-time",
        "locale",
        "locale-provider",
        "no-clean",
        "no-data-checksums",
        "no-instructions",
        "no-locale",
        "no-sync",
        "no-sync-data-files",
        "noclean",
        "nosync",
        "pgdata",
        "pwfile",
        "pwprompt",
        "set",
        "show",
        "sync-method",
        "sync-only",
        "text-search-config",
        "username",
        "wal-segsize",
        "waldir",
    }
)
"""Its long options, without those that this command has too, such as `--help`."""

_OURS = b"initdb.__main__"
"""A text in the script that an installer creates for this command."""


def is_for_postgresql(words: Sequence[str], commands: Collection[str]) -> bool:
    """Whether PostgreSQL's initdb is meant: one of its options comes before any command of this one.

    Args:
        words: The command line, without the name of the program.
        commands: The names of the commands of this one.

    Example:
        >>> is_for_postgresql(["-D", "/data"], ["run"]), is_for_postgresql(["run", "-D"], ["run"])
        (True, False)
    """
    for word in words:
        if word in commands:
            return False
        if word.startswith("--"):
            if word[2:].partition("=")[0] in LONG:
                return True
        elif word.startswith("-") and word[1:2] in SHORT:
            return True
    return False


def hand_over(words: Sequence[str], path: str | None = None) -> NoReturn:
    """Become the next `initdb` on PATH.

    Args:
        words: The command line, without the name of the program.
        path: The folders to look in (default: those of PATH).

    Raises:
        InitError: `postgresql-initdb-missing`.
    """
    places = (os.environ.get("PATH", "") if path is None else path).split(os.pathsep)
    program = next((str(found) for place in places if (found := _other(Path(place) / "initdb"))), None)
    if program is None:
        raise InitError("postgresql-initdb-missing", f"called with: {' '.join(words)}", database="postgresql")
    sys.stdout.flush()
    sys.stderr.flush()
    # It looks for its server beside the program that it is called by.
    os.execv(program, [program, *words])  # noqa: S606 - the program that the caller's own PATH names


def _other(file: Path) -> Path | None:
    """The file if it is a program, and not this command in this or another environment; else None."""
    try:
        if not file.is_file() or not os.access(file, os.X_OK):
            return None
        with file.open("rb") as content:
            return None if _OURS in content.read(4096) else file
    except OSError:
        return None
