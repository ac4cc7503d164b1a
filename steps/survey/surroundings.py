"""What a look sees of a database besides its journal: revisions, catalogue, what its server says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from initdb.errors.classify import is_lock_timeout
from initdb.events.database import database_of
from initdb.events.knowledge import Knowledge
from initdb.events.server import Server
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.context import Application
from initdb.steps.revisions.graph import RevisionGraph
from initdb.steps.survey.edits import is_same
from initdb.steps.survey.facts import version_place


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A database at one moment, without its journal.

    Attributes:
        rows: The version rows.
        unknown: The version rows that this code has no file for.
        overlapping: The version rows that another row implies. Alembic refuses to go on from them.
        pending: The revisions that are to be applied, each with the hash of its file; only if some are held.
        server: Its clock, and whether it can be written.
        content: The hash of the catalogue; None if it was not needed, or tables are locked.
    """

    rows: tuple[str, ...]
    unknown: tuple[str, ...]
    overlapping: tuple[str, ...]
    pending: Mapping[str, str]
    server: Server
    content: str | None


def surroundings(  # noqa: PLR0913 - what is looked at, and how
    connection: Connection,
    application: Application,
    known: Knowledge,
    ignore: tuple[str, ...],
    *,
    idly: bool,
    judged: Callable[[str | None], bool],
) -> Surroundings:
    """Look at a database, without its journal.

    Args:
        connection: In a transaction that may read.
        application: Says where the version table is.
        known: What the journal says.
        ignore: The setting of this name.
        idly: Whether the catalogue may be left out, if no known validation depends on it, or if tables are
            locked. The process that works may have locked them, and the caller then waits for it by name.
        judged: Whether this code has judged a database of this catalogue; then it needs no revisions.
    """
    place = version_place(application, known)
    rows = catalogue_of(connection).version_rows(*place) or ()
    needed = known.catalog is not None or not idly
    content = _content(connection, ignore, place, idly) if needed else None
    graph = None if judged(content) else application.graph
    held = graph if known.held else None
    return Surroundings(
        rows=rows,
        unknown=graph.unknown(rows) if graph else (),
        overlapping=graph.overlapping(rows) if graph and len(rows) > 1 else (),
        pending=_pending(held, known, rows) if held else {},
        server=database_of(connection).server(connection),
        content=content,
    )


def _pending(graph: RevisionGraph, known: Knowledge, rows: tuple[str, ...]) -> dict[str, str]:
    """Revision → hash, for those that are to be applied. Other line endings do not end a hold."""
    found = {name: graph.files[name] for name in graph.pending(rows)}
    recorded = {name: known.held.get(name) or file.digest for name, file in found.items()}
    return {
        name: recorded[name] if is_same(file.path, file.digest, recorded[name]) else file.digest
        for name, file in found.items()
    }


def _content(
    connection: Connection, ignore: tuple[str, ...], place: tuple[str, str | None], idly: bool
) -> str | None:
    try:
        return catalogue_of(connection).fingerprint(
            ignore=ignore, version_table=place[0], version_schema=place[1]
        )
    except DBAPIError as error:
        if not idly or not is_lock_timeout(error):
            raise
    database_of(connection).rollback(connection)
    return None
