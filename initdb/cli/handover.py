"""PostgreSQL's own initdb has the same name: told by its options, this command hands over to it."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NoReturn

from initdb.errors import InitError

SHORT = frozenset("ADEgkTUWXcdLnNSs")
"""The letters of `initdb`'s short options, PostgreSQL 14 to 18 (https://www.postgresql.org/docs/current/app-initdb.html);
`-V`, `-?` and `--help` are answered by both."""

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
"""Its long options, without those that this command has too."""

_OURS = b"initdb.__main__"
"""What the script that an installer makes for this command has in it."""


def is_for_postgresql(words: Sequence[str], commands: Collection[str]) -> bool:
    """Whether PostgreSQL's initdb is meant: an option of its own stands before any command of ours."""
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
    """Become the next `initdb` on PATH. Raises InitError("postgresql-initdb-missing") where there is none."""
    places = (os.environ.get("PATH", "") if path is None else path).split(os.pathsep)
    program = next((str(found) for place in places if (found := _other(Path(place) / "initdb"))), None)
    if program is None:
        raise InitError("postgresql-initdb-missing", f"called with: {' '.join(words)}")
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(program, ["initdb", *words])  # noqa: S606 - the program that the caller's own PATH names


def _other(file: Path) -> Path | None:
    """`file` where it is a program, and not this command (in this environment or another one)."""
    try:
        if not file.is_file() or not os.access(file, os.X_OK):
            return None
        with file.open("rb") as content:
            return None if _OURS in content.read(4096) else file
    except OSError:
        return None
