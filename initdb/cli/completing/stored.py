"""What is completed from files and from the journal. Nothing is imported, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from initdb.cli.calling.call import Call
from initdb.cli.opening.target import find_target
from initdb.events.journal import Journal
from initdb.events.knowledge import Knowledge
from initdb.events.sessions import database_file, session
from initdb.settings import Settings, load_settings
from initdb.statemachine.decide.fold import add, known_from
from initdb.statemachine.decide.gathering import Gathering
from initdb.statemachine.render.sentences import told
from initdb.statemachine.site import journal_of
from initdb.steps.engines.make import make_engine
from initdb.steps.engines.shared_folder import refuse_shared
from initdb.steps.engines.sqlite_files import untouched
from initdb.steps.revisions.locate import find_directories
from initdb.steps.revisions.reading import read_revisions

ENTRIES = 1000
"""How far back runs are looked for."""

_FLASK_MIGRATE = "migrations"
"""The folder that Flask-Migrate uses if nobody says otherwise."""


def revisions(call: Call) -> Mapping[str, str]:
    """The revisions of the application's Alembic directory, newest first, each with its description.

    Args:
        call: Its settings name the directory.

    Raises:
        InitError: A file cannot be read.
    """
    settings = load_settings(options=call.settings)
    named = settings.migrations or (_FLASK_MIGRATE if Path(_FLASK_MIGRATE, "env.py").exists() else None)
    if named is None:
        return {}
    files = read_revisions(find_directories(named))
    return {file.revision: file.doc for file in reversed(files)}


def revisions_and_base(call: Call) -> Mapping[str, str]:
    """The same, and the word for no revision at all."""
    return {**revisions(call), "base": "before the first revision"}


def held(call: Call) -> tuple[str, ...]:
    """The revisions that are held.

    Args:
        call: Its settings name the database.

    Raises:
        InitError, SQLAlchemyError: The journal cannot be read.
    """
    with _journal(find_target(call, journal_only=True).settings) as (connection, journal):
        start = known_from(journal.snapshot(connection, journal.head(connection).seq)) or Knowledge()
        gathering = Gathering.of(start)
        for entry in journal.read(connection, start.seq):
            add(gathering, entry)
    return tuple(gathering.held)


def runs(call: Call) -> Mapping[str, str]:
    """The runs of the last `ENTRIES` entries, newest first, each with its first event.

    Args:
        call: Its settings name the database.

    Raises:
        InitError, SQLAlchemyError: The journal cannot be read.
    """
    found: dict[str, str] = {}
    with _journal(find_target(call, journal_only=True).settings) as (connection, journal):
        for entry in journal.read(connection, max(0, journal.head(connection).seq - ENTRIES)):
            found.setdefault(entry.run, f"{entry.at[:19]} {told(entry)}")
    return dict(reversed(found.items()))


@contextmanager
def _journal(settings: Settings) -> Iterator[tuple[Connection, Journal]]:
    """Open the journal of a database that the settings name themselves: an application is not imported.

    Raises:
        LookupError: There is none.
        InitError: `shared-folder`.
    """
    if settings.url is None:
        raise LookupError
    engine = make_engine(settings.url)
    refuse_shared(engine, settings)
    if (file := database_file(engine)) is not None:
        engine = untouched(file)
    with session(engine) as connection:
        journal, exists = journal_of(connection, settings)
        if not exists:
            raise LookupError
        yield connection, journal
