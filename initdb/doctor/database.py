"""Examines one database: its driver, its file or server, its journal, its clock. It never waits long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from initdb.doctor.clocks import Clocks, judge_clocks
from initdb.doctor.file import gather_file, judge_file
from initdb.doctor.finding import Finding, from_error, ok, problem, warning
from initdb.doctor.haste import within
from initdb.doctor.journal import JournalFound, gather_journal, judge_journal
from initdb.doctor.neighbours import gather_neighbours, judge_neighbours
from initdb.doctor.rights import judge_rights
from initdb.doctor.server import gather_server
from initdb.doctor.sessions import judge_sessions
from initdb.errors import InitError
from initdb.errors.redact import url_text
from initdb.events.database import database_of
from initdb.events.journal import Journal
from initdb.events.server import Server as ServerSays
from initdb.events.sessions import database_file, session
from initdb.events.statements import savepoint
from initdb.nearest import did_you_mean
from initdb.settings import Settings
from initdb.statemachine.loop.holder import at_work, backends
from initdb.statemachine.site import journal_of, owner_of, trusted_by
from initdb.steps.connect import reading
from initdb.steps.engines.sqlite_files import untouched
from initdb.steps.missing_database.on_server import look_around, place

DEADLINE = 15.0
"""After how many seconds a server that took the connection counts as one that does not answer."""

_now = time.time

_ADMINISTRATOR = " An administrator turns it on: "


def examine_database(engine: Engine, settings: Settings, version: str) -> tuple[Finding, ...]:
    """Examine a database. Nothing is created or changed, and nothing is raised that the catalogue knows.

    Args:
        engine: The engine that a run would work on.
        settings: The settings for this database.
        version: The version of this initdb.
    """
    found = [_driver(engine, settings)]
    if engine.dialect.name == "sqlite":
        return (*found, *_examine_file(engine, settings, version))
    said = within(DEADLINE, lambda: tuple(_examine_server(engine, settings, version)))
    if said is None:
        late = f"The server of {url_text(engine.url)} does not answer within {DEADLINE:.0f} s."
        said = (
            problem(
                "database",
                late,
                "See what it does, or restart it: pg_ctl status; systemctl status postgresql",
            ),
        )
    return (*found, *said)


def _driver(engine: Engine, settings: Settings) -> Finding:
    """The engine exists, so its driver could be imported."""
    dialect = engine.dialect
    module = dialect.loaded_dbapi
    number = getattr(module, "__version__", getattr(module, "sqlite_version", ""))
    awaited = (settings.url or "").partition("://")[0]
    name = f"{dialect.name}+{dialect.driver}"
    other = f", in place of {awaited}, which is awaited" if awaited in _AWAITED and awaited != name else ""
    return ok("drivers", f"{name}, version {number}{other}.")


_AWAITED = frozenset({"postgresql+asyncpg", "postgresql+psycopg_async", "sqlite+aiosqlite"})


def _examine_file(engine: Engine, settings: Settings, version: str) -> Iterator[Finding]:
    path = database_file(engine)
    if path is None:
        yield ok("database", "The database is in the memory of each process, and empty at first.")
        return
    file = gather_file(path)
    yield from judge_file(file)
    if not file.exists:
        return
    try:
        reader = untouched(path)
    except FileNotFoundError:
        # Whoever opens it recovers its write-ahead log, which changes files.
        yield ok("journal", "It was not read: the write-ahead log beside the file has to be recovered first.")
        return
    try:
        with reading(engine), session(reader) as connection:
            found = gather_journal(connection, settings)
        yield from judge_journal(found, version)
        yield from judge_clocks(_clocks(_now(), _now(), _now(), ""), found.written_at)
        if found.head is not None and at_work(engine, found.journal):
            yield ok("journal", "A run is at work now: initdb status says which.")
    except InitError as error:
        yield from_error("database" if file.refused is None else "journal", error)


def _examine_server(engine: Engine, settings: Settings, version: str) -> Iterator[Finding]:
    try:
        with reading(engine), session(engine) as connection:
            journal, is_refused = _journal_of(connection, settings)
            begun = _now()
            says = database_of(connection).server(connection)
            clocks = _clocks(begun, _now(), says.clock, "")
            working = backends(connection, journal)
            beside = gather_neighbours(connection, journal, settings)
            server = gather_server(engine, connection, journal, working)
            if is_refused:
                # What rights it gives does not matter: it is not read.
                server = replace(server, journal=None)
    except InitError as error:
        yield from _unreached(engine, settings, error)
        return
    works, zone = settings.mode == "work", server.settings["TimeZone"].value
    yield from judge_sessions(server, works=works)
    yield from _cautions(says)
    yield from judge_rights(server, journal.schema, works=works)
    yield from judge_neighbours(beside)
    written_at = ""
    if server.journal is None or server.journal.reads:
        try:
            with reading(engine), session(engine) as connection:
                found = gather_journal(connection, settings)
        except InitError as error:
            yield from_error("journal", error)
            found = JournalFound(journal)
        else:
            access = server.journal
            stranger = access.owner if works and access is not None and not access.owns else ""
            yield from judge_journal(found, version, stranger)
        written_at = found.written_at
    if working:
        yield ok("journal", "A run is at work now: initdb status says which.")
    yield from judge_clocks(_clocks(clocks.before, clocks.after, clocks.database, zone), written_at)


def _journal_of(connection: Connection, settings: Settings) -> tuple[Journal, bool]:
    """Where the journal is, or would be created, and whether it is refused. Why is found out later."""
    owner = owner_of(settings)
    try:
        with savepoint(connection):
            return journal_of(connection, settings)[0], False
    except (InitError, DBAPIError) as error:
        is_refused = isinstance(error, InitError)
        database = database_of(connection)
        there = database.around(connection, trusted_by(settings), ()).schemas()
        schema = settings.journal_schema or next(iter(there), database.default_schema(connection))
        return Journal(schema, owner), is_refused


def _clocks(before: float, after: float, database: float, zone: str) -> Clocks:
    return Clocks(before, after, database, zone, datetime.now().astimezone().tzname() or "UTC")


def _cautions(says: ServerSays) -> Iterator[Finding]:
    for caution in says.cautions:
        text, _, fix = caution.partition(_ADMINISTRATOR)
        yield warning("database", text, f"As an administrator: {fix}")


def _unreached(engine: Engine, settings: Settings, error: InitError) -> Iterator[Finding]:
    """The finding for a database that cannot be asked. A missing one may be what the next run creates."""
    if error.reference != "unknown-database":
        yield from_error("database", error)
        return
    try:
        around = look_around(engine)
    except (SQLAlchemyError, OSError):
        yield from_error("database", error)
        return
    near = did_you_mean(engine.url.database or "", around.names)
    said = f"There is no database {place(engine.url)}{near or '.'}"
    if not around.may_create:
        made = f"CREATE DATABASE {_quoted(engine)} OWNER {around.role};"
        fix = f"Correct the name in the URL. Or as a superuser: {made}"
        yield problem("database", f"{said} {around.role} may not create databases.", fix)
    elif settings.create_database == "yes":
        yield warning(
            "database", f"{said} The next run creates it.", "If the name is wrong, correct it in the URL"
        )
    else:
        yield problem("database", said, error.rendered().fix)


def _quoted(engine: Engine) -> str:
    return engine.dialect.identifier_preparer.quote_identifier(engine.url.database or "")
