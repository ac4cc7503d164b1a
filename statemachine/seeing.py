"""Looking without writing: the journal folded, the version rows and the catalogue as they are."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from sqlalchemy import Connection, text

from initdb.errors import InitError
from initdb.events.journal import Journal, find
from initdb.events.knowledge import Knowledge
from initdb.events.sessions import database_file, session
from initdb.statemachine.fold import fold
from initdb.statemachine.site import Site
from initdb.statemachine.table import State
from initdb.statemachine.verdict import Look
from initdb.steps import catalog
from initdb.steps.facts import version_place
from initdb.steps.revisions.graph import RevisionGraph


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen: `journal` where the journal is (or will be), `exists` whether it is there already."""

    look: Look
    journal: Journal
    exists: bool
    reader: bool = False
    rows: tuple[str, ...] = ()


def see(site: Site, before: Sight | None = None) -> Sight:
    """Look on a connection of our own. A file that does not exist is seen as empty and is not made."""
    file = database_file(site.engine)
    if file is not None and not file.exists():
        schema = site.settings.journal_schema or "main"
        return Sight(_look(site, Knowledge(), None, ()), Journal(schema, site.name), exists=False)
    with session(site.engine) as connection:
        return see_on(site, connection, before)


def see_on(site: Site, connection: Connection, before: Sight | None = None) -> Sight:
    """Look on `connection`. `before`: what was seen last, so that only newer entries are read.

    Raises InitError: journal-of-another-application, journal-newer, journal-unreadable, journal-elsewhere.
    """
    journal, exists = find(connection, site.name, site.settings.journal_schema)
    known = _read(connection, journal, before.look.knowledge if before else None) if exists else Knowledge()
    _ours(site, known)
    place = version_place(site.application, known)
    rows = catalog.version_rows(connection, *place) or ()
    content = catalog.fingerprint(
        connection, ignore=site.settings.ignore, version_table=place[0], version_schema=place[1]
    )
    look = _look(site, known, content, rows, _clock(connection))
    return Sight(look, journal, exists, _is_reader(site, connection), rows)


def _look(
    site: Site, known: Knowledge, content: str | None, rows: tuple[str, ...], clock: float | None = None
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
    )


def _read(connection: Connection, journal: Journal, before: Knowledge | None) -> Knowledge:
    """Fold what is new; where it does not follow what was known, everything again."""
    if before is not None and before.seq:
        newer = list(journal.read(connection, before.seq))
        last = (
            (newer[0].prev_hash, newer[0].seq) if newer else (journal.head(connection).hash, before.seq + 1)
        )
        if last == (before.hash, before.seq + 1):
            return fold(newer, before)
    return fold(journal.read(connection))


def _ours(site: Site, known: Knowledge) -> None:
    if known.application is not None and known.application != site.name:
        raise InitError(
            "journal-of-another-application", f"it belongs to '{known.application}', this is '{site.name}'"
        )
    if known.state not in State.__members__:
        raise InitError("journal-newer", f"its state '{known.state}' is not known to this version")


def _clock(connection: Connection) -> float:
    """The database's time, in s; on SQLite the host is the same."""
    if connection.dialect.name == "sqlite":
        return time.time()
    return float(
        connection.execute(text("SELECT extract(epoch FROM clock_timestamp())::float8")).scalar_one()
    )


def _is_reader(site: Site, connection: Connection) -> bool:
    """Whether nothing can be written here: a standby, a read-only session, a file without write
    permission."""
    if connection.dialect.name == "sqlite":
        file = database_file(site.engine)
        return file is not None and not os.access(file, os.W_OK)
    return bool(
        connection.execute(
            text("SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on'")
        ).scalar()
    )
