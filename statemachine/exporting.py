"""Exports the journal of a database, also while processes append to it. It only reads, and takes no lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from initdb.errors import InitError
from initdb.errors.redact import url_text
from initdb.events.export import stored
from initdb.events.sessions import database_file, session
from initdb.events.side_file import SIDE_SUFFIX
from initdb.events.verify import Stored
from initdb.settings import Settings
from initdb.statemachine.decide.audit import journal_to_audit
from initdb.statemachine.site import owner_of, spool_of, trusted_by
from initdb.steps.connect import reading

_OF_SQLITE = ("", "-wal", "-shm", "-journal", SIDE_SUFFIX)
"""What the names of a database's files add to that of the database."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was exported.

    Attributes:
        entries: How many entries.
        hash: The hash of the last one; None if there is none.
    """

    entries: int
    hash: str | None


def export(
    engine: Engine, settings: Settings, write: Callable[[Iterator[Stored]], Iterable[Stored]]
) -> Exported:
    """Export every row of a journal, as it is stored. Few of them are in memory at once.

    Entries that are appended meanwhile are exported too. A journal that is damaged is exported as it is.

    Args:
        engine: The engine of the database.
        settings: They say who owns the journal, and in which schema it is.
        write: Writes the rows while it passes them on; it may stop before the last one.

    Raises:
        InitError: "journal-missing", or the journal cannot be read.
    """
    entries, last = 0, None
    with reading(engine), session(engine) as connection:
        journal = journal_to_audit(
            connection, owner_of(settings), settings.journal_schema, trusted_by(settings)
        )
        if journal is None:
            raise InitError("journal-missing", url_text(engine.url), database=engine.dialect.name)
        with journal.readable(connection):
            for row in write(stored(connection, journal)):
                entries, last = entries + 1, row.hash
    return Exported(entries, last)


def refuse_own_file(engine: Engine, settings: Settings, to: Path) -> None:
    """Refuse to export to a file of the database or of initdb. An empty one would be taken for an export.

    Args:
        engine: The engine of the database.
        settings: Those of its application.
        to: The file of the export.

    Raises:
        InitError: "export-refused".
    """
    file, wanted = database_file(engine), to.absolute().parent.resolve() / to.name
    own = {file.with_name(file.name + suffix) for suffix in _OF_SQLITE} if file else set()
    if wanted in own | {one.resolve() for one in spool_of(engine, settings).files()}:
        raise InitError("export-refused", f"{to}: it is a file of the database itself")
