"""Looking without writing: the journal folded, the version rows and the catalogue as they are."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from initdb.errors import InitError
from initdb.errors.classify import is_lock_timeout
from initdb.events.database import database_of
from initdb.events.entry import Entry
from initdb.events.head import Head, NoJournal
from initdb.events.journal import Journal, find
from initdb.events.knowledge import Knowledge
from initdb.events.sessions import database_file, session
from initdb.statemachine.assemble.site import Site
from initdb.statemachine.decide.fold import add, known_from
from initdb.statemachine.decide.gathering import Gathering
from initdb.statemachine.decide.verdict import Look
from initdb.statemachine.table import State
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.engines.sqlite_files import immutable, is_read_only
from initdb.steps.revisions.graph import RevisionGraph
from initdb.steps.survey.facts import version_place


def look(site: Site, before: Look | None = None) -> Look:
    """Look on a connection of our own. A file that does not exist is seen as empty and is not made."""
    file = database_file(site.engine)
    if file is not None and not file.exists():
        schema = site.settings.journal_schema or "main"
        return _judged_on(site, Knowledge(), None, (), Journal(schema, site.owner))
    try:
        with session(site.engine) as connection:
            return look_on(site, connection, before, idly=True)
    except (DBAPIError, sqlite3.Error):
        if file is None or not is_read_only(file) or file.with_name(f"{file.name}-wal").exists():
            raise
    with session(immutable(file)) as connection:
        return look_on(site, connection, before, idly=True)


def look_on(site: Site, connection: Connection, before: Look | None = None, *, idly: bool = False) -> Look:
    """Look on `connection`. `before`: what was seen last, so that only newer entries are read.

    `idly`: only to judge. Then the catalogue is read only where there is a judgement that it may void, and
    where tables are locked not at all: the one that works may have locked them, and is waited for by name.
    Raises InitError: journal-of-another-application, journal-newer, journal-unreadable, journal-elsewhere.
    """
    journal, exists = find(connection, site.owner, site.settings.journal_schema)
    known, head = Knowledge(), None
    if exists:
        with journal.readable(connection):
            head = _head(connection, journal)
            known = _read(connection, journal, head, before.knowledge if before else None)
    _ours(site, known)
    place = version_place(site.application, known)
    rows = catalogue_of(connection).version_rows(*place) or ()
    database = database_of(connection)
    clock, reader = database.clock(connection), database.is_read_only(connection)
    rewound = _rewound(site, connection, journal, known)
    content = _content(site, connection, place, idly) if known.catalog is not None or not idly else None
    seen = _judged_on(site, known, content, rows, journal, clock)
    return replace(seen, exists=exists, head=head, reader=reader, rewound=rewound)


def _content(site: Site, connection: Connection, place: tuple[str, str | None], idly: bool) -> str | None:
    """The catalogue's hash; `idly`: None where tables are locked."""
    try:
        return catalogue_of(connection).fingerprint(
            ignore=site.settings.ignore, version_table=place[0], version_schema=place[1]
        )
    except DBAPIError as error:
        if not idly or not is_lock_timeout(error):
            raise
    database_of(connection).rollback(connection)
    return None


def _judged_on(  # noqa: PLR0913, PLR0917 - what a verdict is judged on
    site: Site,
    known: Knowledge,
    content: str | None,
    rows: tuple[str, ...],
    journal: Journal,
    clock: float | None = None,
) -> Look:
    graph = site.application.graph or RevisionGraph.of(())
    pending = {name: graph.files[name].digest for name in graph.pending(rows)} if known.held else {}
    has_scripts = site.application.graph is not None
    return Look(
        known,
        site.code,
        content,
        unknown=graph.unknown(rows) if has_scripts else (),
        pending=pending,
        clock=time.time() if clock is None else clock,
        rows=rows,
        journal=journal,
    )


def _head(connection: Connection, journal: Journal) -> Head:
    try:
        return journal.head(connection)
    except NoJournal:
        raise InitError("journal-tampered", "the row of init_journal_head is missing") from None


def _read(connection: Connection, journal: Journal, head: Head, before: Knowledge | None) -> Knowledge:
    """Fold what is new; where it does not follow what was known, everything again.

    The head was read first, so that an entry appended since does not look like a tail that was cut; whether
    one was appended since, a head that is read once more tells.
    """
    known, sound = Knowledge(), False
    if before is None or not 0 < before.seq <= head.seq:
        before = known_from(journal.snapshot(connection, head.seq))
    if before is not None:
        known, sound = _fold(journal.read(connection, before.seq), head, before)
    if not sound:
        known, sound = _fold(journal.read(connection), head, Knowledge())
    if sound and known.seq > head.seq:
        sound = known.seq <= _head(connection, journal).seq
    if not sound:
        said = f"the head is entry {head.seq}, and the journal does not end there"
        raise InitError("journal-tampered", said)
    return known


def _fold(entries: Iterable[Entry], head: Head, known: Knowledge) -> tuple[Knowledge, bool]:
    """What the entries say, and whether they are of one piece with the head."""
    gathering = Gathering.of(known)
    sound = (known.seq, known.hash) == (head.seq, head.hash)
    for entry in entries:
        if (entry.seq, entry.prev_hash) != (gathering.seq + 1, gathering.hash):
            return known, False
        add(gathering, entry)
        sound = sound or (entry.seq, entry.hash) == (head.seq, head.hash)
    return gathering.frozen(), sound


def _rewound(site: Site, connection: Connection, journal: Journal, known: Knowledge) -> bool:
    if site.newest is None or site.newest[0] is None:
        return False
    name, seq, digest = site.newest
    if known.journal != name or known.seq < seq:
        return True
    return digest != (known.hash if known.seq == seq else journal.hash_at(connection, seq))


def _ours(site: Site, known: Knowledge) -> None:
    if known.application is not None and known.application != site.owner:
        raise InitError(
            "journal-of-another-application", f"it belongs to '{known.application}', this is '{site.owner}'"
        )
    if known.state not in State.__members__:
        raise InitError("journal-newer", f"its state '{known.state}' is not known to this version")
