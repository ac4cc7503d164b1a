"""Looks at a database without writing: the journal, the version rows, the catalogue."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from initdb.errors import InitError
from initdb.events.database import database_of
from initdb.events.entry import Entry
from initdb.events.journal import Journal
from initdb.events.knowledge import Knowledge
from initdb.events.sessions import database_file, is_memory, session
from initdb.events.sqlite import MAIN
from initdb.statemachine.decide.verdict import Look, judgement_of
from initdb.statemachine.loop.known import read_journal, refuse_foreign
from initdb.statemachine.site import Site
from initdb.steps.engines.sqlite_files import immutable, is_read_only
from initdb.steps.survey.edits import edits
from initdb.steps.survey.surroundings import surroundings
from initdb.steps.survey.whose_rows import must_ask, refuse_other_directory


def look(site: Site, before: Look | None = None) -> Look:
    """Look on a connection of our own. A file that does not exist counts as empty, and is not created."""
    file = database_file(site.engine)
    if file is not None and not file.exists():
        journal = Journal(MAIN, site.owner)
        return Look(Knowledge(), site.code, None, clock=time.time(), journal=journal)
    try:
        with session(site.engine) as connection:
            return look_on(site, connection, before, idly=True)
    except (DBAPIError, sqlite3.Error):
        if file is None or not is_read_only(file) or file.with_name(f"{file.name}-wal").exists():
            raise
    with session(immutable(file)) as connection:
        return look_on(site, connection, before, idly=True)


def entries_of(site: Site, after: int) -> Iterator[Entry]:
    """The entries of the journal after one, on a connection of our own; none if there is no journal.

    Raises:
        InitError: The journal cannot be read, is not sound, or is not for this code.
    """
    file = database_file(site.engine)
    if file is not None and not file.exists():
        return
    with session(site.engine) as connection:
        seen = read_journal(connection, site, None)
        refuse_foreign(seen.known, site.owner)
        if seen.head is not None:
            yield from seen.journal.read(connection, after)


def look_on(site: Site, connection: Connection, before: Look | None = None, *, idly: bool = False) -> Look:
    """Look on a connection.

    Args:
        site: The place.
        connection: In a transaction that may read.
        before: What was seen last, so that only newer entries are read.
        idly: Whether this is only to judge; then the catalogue is left out where it can be.

    Raises:
        InitError: journal-of-another-application, journal-newer, journal-unreadable, journal-tampered,
            journal-elsewhere, journal-of-another-directory, version-table-shared; what
            env.py raises when it is asked for its version table.
    """
    with database_of(connection).pinned(connection):
        return _look_on(site, connection, before, idly=idly)


def _look_on(site: Site, connection: Connection, before: Look | None, *, idly: bool) -> Look:
    seen = read_journal(connection, site, before.knowledge if before else None)
    refuse_foreign(seen.known, site.owner)
    rewound = seen.journal.lacks(connection, seen.known, site.newest)

    def judged(catalog: str | None) -> bool:
        return judgement_of(seen.known, catalog, site.code) is not None

    ignore = site.settings.ignore
    around = surroundings(connection, site.application, seen.known, ignore, idly=idly, judged=judged)
    if (around.unknown or not idly) and _learn(site, connection, seen.known, around.unknown):
        around = surroundings(connection, site.application, seen.known, ignore, idly=idly, judged=judged)
    shadows = () if idly else database_of(connection).shadows(connection)
    return Look(
        seen.known,
        site.code,
        around.content,
        unknown=around.unknown,
        overlapping=around.overlapping,
        pending=around.pending,
        clock=around.server.clock,
        rows=around.rows,
        journal=seen.journal,
        exists=seen.head is not None,
        head=seen.head,
        read_only=around.server.read_only,
        rewound=rewound,
        cautions=(*map(_passed_over, seen.unreadable), *shadows, *around.server.cautions),
        edited=() if around.unknown else edits(site.application, seen.known),
    )


def _passed_over(entry: Entry) -> str:
    """That an entry is no event, and what a person can do."""
    return (
        f"Entry {entry.seq} of the journal cannot be read and was passed over: {entry.data.get('why')}. Check"
        f" the journal: initdb journal verify. Then: initdb journal set-aside {entry.seq} --reason TEXT"
    )


def _learn(site: Site, connection: Connection, known: Knowledge, unknown: tuple[str, ...]) -> bool:
    """Ask env.py which version table is its own, if the rows may be those of another directory.

    Args:
        site: The place. Its application is replaced by one that knows the answer.
        connection: In a transaction that may read.
        known: What the journal says.
        unknown: The version rows that no revision file has.

    Returns:
        Whether it was asked, so that the rows have to be read again.

    Raises:
        InitError: journal-of-another-directory, version-table-shared; what env.py raises, if
            the rows are not its own.
    """
    was_asked = not is_memory(site.engine) and must_ask(connection, site.application, known, unknown)
    if was_asked:
        # The boot of a ready database does not import Alembic.
        from initdb.steps.alembic_driver.ask import asked

        try:
            site.application = asked(site.application, site.engine)
        except InitError:
            if unknown and not known.version_table:
                raise
            return False
    if unknown:
        refuse_other_directory(site.application, known)
    return was_asked
