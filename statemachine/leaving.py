"""Takes a journal out of its database: looks what there is, exports it, removes it in one transaction."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from initdb.errors import InitError
from initdb.errors.classify import is_serialization
from initdb.errors.driver import driver_error
from initdb.events import naming
from initdb.events.baton import try_baton
from initdb.events.database import database_of
from initdb.events.entry import UNREADABLE, parse
from initdb.events.export import ExportFile, stored
from initdb.events.head import Head, HeadBusy
from initdb.events.journal import Entries, Journal
from initdb.events.knowledge import Knowledge
from initdb.events.parts import Part
from initdb.events.payloads.notes import JournalCreated
from initdb.events.sessions import session
from initdb.events.statements import run, savepoint
from initdb.events.verify import Finding, verify
from initdb.settings import Settings
from initdb.statemachine.decide.fold import known_without
from initdb.statemachine.exporting import refuse_own_file
from initdb.statemachine.loop.holder import holders, side_file
from initdb.statemachine.loop.known import refuse_foreign
from initdb.statemachine.loop.owned import refuse_others
from initdb.statemachine.site import journal_of, spool_of
from initdb.steps.catalog.blockers import blockers, with_blockers
from initdb.steps.connect import refused
from initdb.steps.transactions.tries import TRIES

NEEDED = "2BP01"
"""The SQLSTATE of a DROP that other objects prevent (PostgreSQL manual, appendix A)."""

PAUSE = 0.05
"""How many seconds to wait until a busy head is tried again."""

_monotonic, _sleep = time.monotonic, time.sleep


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of initdb in a database, and beside it.

    Attributes:
        journal: The journal.
        head: Its head; None if there is no journal.
        parts: What can be dropped, in order; also the schema, if initdb created it.
        files: The files on this machine that belong to it.
        notes: How many notes wait in one of them for a journal.
        known: What the journal says, as far as it can be read.
        unreadable: Which entries are no events; None if all are.
    """

    journal: Journal
    head: Head | None
    parts: tuple[Part, ...]
    files: tuple[Path, ...]
    notes: int = 0
    known: Knowledge = field(default_factory=Knowledge)
    unreadable: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken out.

    Attributes:
        entries: How many entries were exported.
        hash: The hash of the last entry; None if there was none.
        findings: Where the journal is not as it was written.
        removed: What was removed, in words.
        left: What could not be removed, in words, with the reason.
    """

    entries: int = 0
    hash: str | None = None
    findings: tuple[Finding, ...] = ()
    removed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def look_for_journal(engine: Engine, settings: Settings) -> Found:
    """See what there is to take out, and refuse what cannot be taken out. Nothing is changed.

    Args:
        engine: The engine of the database.
        settings: They say who owns the journal, and in which schema it is.

    Raises:
        InitError: "journal-needed", "journal-not-owned"; the journal belongs to another application, or
            cannot be found; or the database cannot be read.
    """
    spool = spool_of(engine, settings)
    with _translated(engine), session(engine) as connection:
        found = _look(connection, engine, settings)
        if found.head is None:
            return replace(found, notes=len(spool.waiting()))
        known, unreadable = _read(connection, found.journal)
    refuse_foreign(known, found.journal.application)
    return replace(found, notes=len(spool.waiting()), known=known, unreadable=unreadable)


def _look(connection: Connection, engine: Engine, settings: Settings) -> Found:
    database = database_of(connection)
    journal, exists = journal_of(connection, settings)
    journal.check_tables(connection)
    others = database.around(connection, (), ()).schemas().keys() - {journal.schema}
    parts, files = database.parts(connection, journal.schema), _files(engine, settings, others)
    if not exists:
        return Found(journal, None, parts, files)
    refuse_others(engine, parts, "initdb eject --to FILE")
    if needing := database.dependents(connection, journal.schema):
        raise _needed(needing, database.name)
    if journal.schema and _made_schema(connection, journal):
        name = naming.prefix(journal.schema)[:-1]
        parts = (*parts, Part("schema", name, f"DROP SCHEMA {name}"))
    return Found(journal, journal.head(connection), parts, files)


def _files(engine: Engine, settings: Settings, others: Collection[str]) -> tuple[Path, ...]:
    """The files of a journal. The processes of other journals in the database hold the side file, too."""
    beside = None if others else side_file(engine)
    return (*((beside,) if beside and beside.exists() else ()), *spool_of(engine, settings).files())


def _made_schema(connection: Connection, journal: Journal) -> bool:
    """Whether the first entry says that the schema was created for the journal."""
    row = next(stored(connection, journal), None)
    try:
        return row is not None and JournalCreated.read(parse(1, row.event, "", "").data).made_schema
    except ValueError:
        return False


def _read(connection: Connection, journal: Journal) -> tuple[Knowledge, str | None]:
    """What the journal says, and which entries are no events."""
    _, known = known_without(entries := Entries(journal, connection))
    odd = [f"entry {one.seq}: {one.data.get('why')}" for one in entries if one.type == UNREADABLE]
    return known, "; ".join(odd) or None


def _needed(needing: tuple[Part, ...], database: str) -> InitError:
    """The failure for a journal that other objects need, with the statements that drop them."""
    whose = (f", which belongs to {part.owner}" if part.owner else "" for part in needing)
    said = (f"The {part.kind} {part.name}{of}." for part, of in zip(needing, whose, strict=True))
    fix = f"{' '.join(part.drop for part in needing)} then: initdb eject --to FILE"
    return InitError(
        "journal-needed", *said, fix=fix if all(part.drop for part in needing) else None, database=database
    )


def take_out(engine: Engine, settings: Settings, to: Path) -> Taken:
    """Export the journal, then remove it and all that initdb has created for it. No run must be at work.

    If it was killed, at whatever moment, it can be called again, and does what is left.

    Args:
        engine: The engine of the database.
        settings: They say who owns the journal, and in which schema it is.
        to: The file of the export. If there is no journal, it is not created.

    Raises:
        InitError: "another-process-at-work", "export-refused", "lock-timeout", and those of
            `look_for_journal`. Nothing was removed then, unless the connection was lost during the COMMIT.
    """
    with _translated(engine), contextlib.ExitStack() as stack:
        with session(engine) as connection:
            journal = journal_of(connection, settings)[0]
        baton = try_baton(engine, journal)
        if baton is None:
            raise _at_work(engine, journal)
        stack.callback(baton.release)
        with session(engine) as connection:
            taken = _tried(connection, engine, settings, to)
            others = database_of(connection).around(connection, (), ()).schemas()
        return _without_files(taken, _files(engine, settings, others))


def _tried(connection: Connection, engine: Engine, settings: Settings, to: Path) -> Taken:
    """Try it again if it deadlocked with a process that reads the journal. The export is then completed."""
    for _ in range(TRIES - 1):
        try:
            return _take_out(connection, engine, settings, to)
        except DBAPIError as error:
            if not is_serialization(error):
                raise
            database_of(connection).rollback(connection)
    return _take_out(connection, engine, settings, to)


def _take_out(connection: Connection, engine: Engine, settings: Settings, to: Path) -> Taken:
    head = _locked(connection, settings)
    found = _look(connection, engine, settings)
    taken = Taken()
    if head is not None:
        refuse_own_file(engine, settings, to)
        # Once more, for its limit on waiting: the look has set the one of a look.
        found.journal.lock_head(connection, settings.lock_timeout)
        with ExportFile(to) as file:
            findings = tuple(verify(file.written(stored(connection, found.journal)), head))
        taken = Taken(head.seq, head.hash, findings)
    try:
        return _drop(connection, found.parts, taken)
    except DBAPIError as error:
        raised = driver_error(error)
        if raised is None or raised.sqlstate != NEEDED:
            raise
        # Somebody has just created what needs the journal.
        database_of(connection).rollback(connection)
        _look(connection, engine, settings)
        raise


def _locked(connection: Connection, settings: Settings) -> Head | None:
    """Begin, and lock the head; None if there is none. It is tried for as long as `lock_timeout` says.

    Raises:
        InitError: "lock-timeout".
    """
    database, give_up = database_of(connection), _monotonic() + settings.lock_timeout
    while True:
        try:
            database.begin(connection)
            journal, exists = journal_of(connection, settings)
            return journal.lock_head(connection, settings.lock_timeout) if exists else None
        except HeadBusy as busy:
            database.rollback(connection)
            if _monotonic() > give_up:
                said = blockers(connection, busy.__cause__ or busy)
                raise InitError("lock-timeout", *said, database=database.name) from busy
            _sleep(PAUSE)


def _drop(connection: Connection, parts: tuple[Part, ...], taken: Taken) -> Taken:
    """Drop the parts, and commit. A schema stays if other people have objects in it."""
    removed, left = [], []
    for part in parts:
        try:
            with savepoint(connection):
                run(connection, naming.literal(part.drop))
            removed.append(f"{part.kind} {part.name}")
        except DBAPIError:
            if part.kind != "schema":
                raise
            left.append(f"schema {part.name}: it has other objects in it, or belongs to another role")
    database_of(connection).commit(connection)
    return replace(taken, removed=tuple(removed), left=tuple(left))


def _without_files(taken: Taken, files: tuple[Path, ...]) -> Taken:
    """Remove the files. No database needs them."""
    removed, left = [*taken.removed], [*taken.left]
    for file in files:
        try:
            file.unlink(missing_ok=True)
            removed.append(f"file {file}")
        except OSError as error:
            left.append(f"file {file}: {error.strerror}")
    return replace(taken, removed=tuple(removed), left=tuple(left))


def _at_work(engine: Engine, journal: Journal) -> InitError:
    found: tuple[str, ...] = ()
    with contextlib.suppress(SQLAlchemyError, OSError):
        found = tuple(f"At work is {one.who()}." for one in holders(engine, journal) or ())
    fix = "Wait until it has ended (see initdb status), then: initdb eject --to FILE"
    return InitError("another-process-at-work", *found, fix=fix, database=engine.dialect.name)


@contextlib.contextmanager
def _translated(engine: Engine) -> Iterator[None]:
    """Translate what the database raises, and name who holds a lock that was waited for."""
    try:
        yield
    except (SQLAlchemyError, engine.dialect.loaded_dbapi.Error, OSError) as error:
        found = refused(engine, error, "journal")
        if found.reference == "lock-timeout":
            with contextlib.suppress(SQLAlchemyError, OSError), session(engine) as connection:
                found = with_blockers(found, connection, error)
        raise found from error
