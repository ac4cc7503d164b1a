"""The checks of SQLite itself: whether the file is damaged, and whether rows refer to missing rows.

Both read the whole file. Even from memory that takes five seconds for each gigabyte. A file that is larger
than CHECKED_BYTES is not checked; an issue says how a person does it.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from sqlalchemy import Connection, text

from initdb.errors import InitError
from initdb.steps.catalog.issue import Issue
from initdb.steps.catalog.names import is_ignored

CHECKED_BYTES = 256 << 20

_SIZE = text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
_QUICK_CHECK = text("PRAGMA quick_check(5)")
_ORPHANS = text("""SELECT v."table" AS child, v.parent, v.fkid, count(*) AS orphans,
    group_concat(DISTINCT f."from") AS columns
    FROM pragma_foreign_key_check v JOIN pragma_foreign_key_list(v."table") f ON f.id = v.fkid AND f.seq = 0
    GROUP BY v."table", v.parent, v.fkid ORDER BY v."table", v.fkid""")


_UNREAD = re.compile(r"error code=(\d+)")
_IOERR = 10
"""SQLITE_IOERR, the primary result code of a failed read."""


def too_large(connection: Connection) -> bool:
    """Whether the file is larger than CHECKED_BYTES."""
    return int(connection.scalar(_SIZE) or 0) > CHECKED_BYTES


def integrity_issues(connection: Connection) -> tuple[Issue, ...]:
    """What `PRAGMA quick_check` finds (https://sqlite.org/pragma.html#pragma_quick_check).

    Raises:
        InitError: `disk-error`, if a page could not be read. SQLite reports that in a row, like damage.
    """
    if too_large(connection):
        return (_unchecked("integrity", "PRAGMA quick_check"),)
    found = [str(line) for line in connection.scalars(_QUICK_CHECK) if line != "ok"]
    unread = [line for line in found if (code := _UNREAD.search(line)) and int(code[1]) & 0xFF == _IOERR]
    if unread:
        raise InitError("disk-error", *unread, database="sqlite")
    advice = (
        "Stop every process that writes to it, keep a copy of the file, and restore a backup; "
        "what is still readable: sqlite3 FILE .recover | sqlite3 recovered.db"
    )
    return tuple(
        Issue("corrupted", f"line {number}", f"The database file is damaged: {line}.", "critical", advice)
        for number, line in enumerate(found, 1)
    )


def orphan_issues(connection: Connection, ignore: Collection[str]) -> tuple[Issue, ...]:
    """Rows that break a foreign key (https://sqlite.org/pragma.html#pragma_foreign_key_check)."""
    if too_large(connection):
        return (_unchecked("orphaned-rows", "PRAGMA foreign_key_check"),)
    quote = connection.dialect.identifier_preparer.quote
    return tuple(
        Issue(
            "orphaned-rows",
            f"{row.child}.{row.columns} -> {row.parent}",
            f"{row.orphans} rows of {row.child} refer by {row.columns} to missing rows of {row.parent}.",
            "error",
            f"PRAGMA foreign_key_check({quote(row.child)}) finds them: correct or set them aside.",
            row.child,
        )
        for row in connection.execute(_ORPHANS)
        if not is_ignored(ignore, row.child)
    )


def _unchecked(name: str, pragma: str) -> Issue:
    text = f"The file is larger than {CHECKED_BYTES >> 20} MiB: {pragma} was not run."
    return Issue("not-checked", name, text, "info", f'Run it when the load is low: sqlite3 FILE "{pragma}"')
