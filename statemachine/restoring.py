"""Restores a SQLite database from a backup: lists what there is, compares, replaces, and notes it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, create_engine
from sqlalchemy.exc import SQLAlchemyError

from initdb.errors import InitError
from initdb.errors.classify import classify
from initdb.events.baton import try_baton
from initdb.events.clock import Clock
from initdb.events.head import SCHEMA_VERSION, JournalSignal
from initdb.events.ids import time_ordered
from initdb.events.journal import Journal
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.notes import DatabaseRestored, JournalUpgraded
from initdb.events.sessions import database_file, session
from initdb.settings import Settings
from initdb.statemachine.loop.known import read_journal, refuse_foreign
from initdb.statemachine.loop.writer import Writer
from initdb.statemachine.site import Site
from initdb.steps.backup import shelf_of
from initdb.steps.backups.files import BACKUP, REPLACED, STAGED, Shelf, part_of, remove, size_and_digest
from initdb.steps.backups.in_use import InUse, alone
from initdb.steps.backups.replacing import exchange, keep_aside, leftovers, overwrite
from initdb.steps.backups.sqlite_copy import Damaged, check, copy, opened
from initdb.steps.connect import refused
from initdb.steps.context import Application
from initdb.steps.engines.sqlite_files import immutable
from initdb.steps.upgrade_journal import upgrade


@dataclass(frozen=True, slots=True)
class Saved:
    """A file from which the database can be restored.

    Attributes:
        path: The file.
        size: Its size, in bytes.
        known: What its journal says; None if it cannot be read.
    """

    path: Path
    size: int
    known: Knowledge | None


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a restore would replace, and by what.

    Attributes:
        file: The file of the database.
        backup: The file of the backup.
        now: What the present journal says; None if it cannot be read.
        then: What the journal of the backup says.
        aside: Where the present file will be kept.
    """

    file: Path
    backup: Path
    now: Knowledge | None
    then: Knowledge
    aside: Path

    @property
    def undone(self) -> tuple[str, ...]:
        """The revisions that are applied now, and not in the backup: the code that has them applies them."""
        applied = self.now.applied if self.now else {}
        return tuple(name for name in applied if name not in self.then.applied)


class Restoring:
    """Restores one database.

    Args:
        engine: The engine of the database.
        settings: Those of its application.
        clock: The time.
        reason: Why a person restores it, in their words.

    Raises:
        InitError: `restore-elsewhere`: the database is not in a SQLite file.
    """

    def __init__(
        self, engine: Engine, settings: Settings, clock: Clock | None = None, reason: str | None = None
    ) -> None:
        self._reason = reason
        self._site = Site(engine, Application(), settings, {}, clock or Clock())
        self._file = _file_of(engine, settings)
        # A connection in the pool of the application would be another one that has the file open.
        engine.dispose()

    @property
    def folder(self) -> Path:
        """Where the backups are."""
        return self._site.settings.backup_folder or self._file.parent

    def saved(self) -> tuple[Saved, ...]:
        """The files from which the database can be restored, the newest first. Nothing is changed."""
        now = self._now()
        shelf = shelf_of(self._site.engine, self._site.settings, now or Knowledge())
        return tuple(
            Saved(path, path.stat().st_size, self._known(path))
            for path in reversed(shelf.found())
            if path.is_file()
        )

    def compare(self, name: str | None = None) -> Exchange:
        """Check a backup, and say what it would replace. Nothing is changed.

        Args:
            name: The name of a file in the folder of the backups, or a path. By default it is the backup from
                before the last changes, as far as the journal can be read; else the newest one.

        Raises:
            InitError: `backup-not-found`, `backup-unusable`.
        """
        now = self._now()
        backup = self._found(name, now).resolve()
        if backup == self._file:
            raise self._error("backup-unusable", f"{backup} is the database itself.", backup=backup)
        if beside := leftovers(backup)[1:]:
            said = f"{backup} is not whole: SQLite has a part of it in {backup.name}{beside[0]}."
            raise self._error("backup-unusable", said, backup=backup)
        with self._usable(backup), opened(backup, immutable=True) as connection:
            check(connection)
            then = self._read(immutable(backup))
        if then.seq == 0:
            raise self._error("backup-unusable", f"{backup} has no journal.", backup=backup)
        if now is not None and now.journal != then.journal:
            said = (
                f"{backup} is of another database: its journal is {then.journal}, here it is {now.journal}."
            )
            raise self._error("backup-unusable", said, backup=backup)
        shelf = shelf_of(self._site.engine, self._site.settings, then)
        return Exchange(self._file, backup, now, then, shelf.new(self._site.clock.now(), REPLACED))

    def _found(self, name: str | None, now: Knowledge | None) -> Path:
        if name is not None:
            places = (self.folder / name, Path(name))
        else:
            noted = (Path(now.backup.place),) if now and now.backup else ()
            shelf = shelf_of(self._site.engine, self._site.settings, now or Knowledge())
            places = (*noted, *reversed(shelf.found(BACKUP)))
        for path in places:
            if path.is_file():
                return path
        raise self._error(
            "backup-not-found", str(places[0]) if places else f"There is none in {self.folder}."
        )

    def restore(self, found: Exchange) -> DatabaseRestored:
        """Keep the present database aside, put the backup in its place, and note that in its journal.

        If the process is killed in between, the database is as it was, or restored.

        Args:
            found: What `compare` has found.

        Returns:
            The event that was written.

        Raises:
            InitError: `another-process-at-work`, `restore-refused`, `disk-full`, or another reason why
                nothing was replaced.
        """
        try:
            baton = try_baton(self._site.engine, Journal("main", self._site.owner))
        except InitError as error:
            fix = _FIXES.get(error.reference)
            raise self._error(error.reference, *error.context, fix=fix, backup=found.backup) from error
        if baton is None:
            raise self._error("another-process-at-work", "It holds the baton.", kept=_AS_IT_WAS)
        beside = Shelf(self._file.parent, self._file.name, found.then.journal or "")
        staged = part_of(beside.new(self._site.clock.now(), STAGED))
        with contextlib.ExitStack() as stack:
            stack.callback(baton.release)
            stack.enter_context(self._named(found))
            for folder in {beside.folder, found.aside.parent}:
                folder.mkdir(mode=0o700, exist_ok=True)
                replace(beside, folder=folder).remove_halves()
            stack.callback(remove, staged)
            return self._exchanged(found, staged)

    def _exchanged(self, found: Exchange, staged: Path) -> DatabaseRestored:
        with self._live() as live:
            if live is not None:
                keep_aside(live, found.aside)
                event = self._staged(found, staged, found.aside)
                overwrite(live, staged)
                return event
        kept = leftovers(self._file)
        event = self._staged(found, staged, found.aside if kept else None)
        exchange(self._file, staged, found.aside)
        return event

    @contextlib.contextmanager
    def _live(self) -> Iterator[sqlite3.Connection | None]:
        """The database, held alone; None if there is no file, or one that SQLite cannot read at all."""
        with contextlib.ExitStack() as stack:
            live = None
            if self._file.exists():
                try:
                    live = stack.enter_context(alone(self._file))
                except sqlite3.DatabaseError as error:
                    if getattr(error, "sqlite_errorcode", None) not in _NO_DATABASE:
                        raise
            yield live

    def _staged(self, found: Exchange, staged: Path, aside: Path | None) -> DatabaseRestored:
        """Copy the backup, and append the event to the journal of the copy."""
        with opened(found.backup, immutable=True) as source:
            copy(source, staged)
        event = DatabaseRestored(
            backup=str(found.backup),
            digest=size_and_digest(found.backup)[1],
            replaced=str(aside) if aside else None,
            was=found.now.seq if found.now else None,
            was_hash=found.now.hash if found.now else None,
            is_=found.then.seq,
            reason=self._reason,
        )
        engine = create_engine(f"sqlite:///{staged}", poolclass=NullPool)
        with session(engine) as work:
            self._note(work, event)
        return event

    def _note(self, work: Connection, event: DatabaseRestored) -> None:
        seen = read_journal(work, self._site, None)
        now = self._site.clock.now()
        writer = Writer(
            journal=seen.journal,
            knowledge=seen.known,
            run=time_ordered(now),
            by=self._site.by(),
            clock=self._site.clock,
            alive=lambda: True,
        )
        with writer.open(work):
            upgraded: list[JournalUpgraded] = []
            if writer.head is not None and writer.head.schema_version < SCHEMA_VERSION:
                version = upgrade(work, seen.journal.schema, writer.head.schema_version)
                upgraded.append(JournalUpgraded(from_=writer.head.schema_version, to=version))
            writer.commit(work, *upgraded, event)

    def _now(self) -> Knowledge | None:
        return self._known(self._file, self._site.engine) if self._file.exists() else None

    def _known(self, path: Path, engine: Engine | None = None) -> Knowledge | None:
        """What the journal in a file says; None if it cannot be read, or if there is none."""
        with contextlib.suppress(InitError, SQLAlchemyError, sqlite3.Error, JournalSignal, OSError):
            known = self._read(engine or immutable(path))
            return known if known.seq else None
        return None

    def _read(self, engine: Engine) -> Knowledge:
        with session(engine) as connection:
            known = read_journal(connection, self._site, None).known
            refuse_foreign(known, self._site.owner)
            return known

    @contextlib.contextmanager
    def _usable(self, backup: Path) -> Iterator[None]:
        """Say why a backup is not usable, if the block fails."""
        try:
            yield
        except (InitError, Damaged, SQLAlchemyError, sqlite3.Error, JournalSignal, OSError) as error:
            said = _said(error)
            raise self._error("backup-unusable", str(backup), *said, backup=backup) from error

    @contextlib.contextmanager
    def _named(self, found: Exchange) -> Iterator[None]:
        """Name what fails in the block. The database is as it was then."""
        try:
            yield
        except InUse as error:
            who = [f"It is open in {name}." for name in error.args] or ["Another connection has it open."]
            raise self._error("restore-refused", *who, backup=found.backup) from error
        except Damaged as error:
            raise self._error("backup-unusable", *error.args, backup=found.backup) from error
        except (SQLAlchemyError, sqlite3.Error, JournalSignal, OSError) as error:
            said = classify(error, doing="backup", database="sqlite", target=str(self._file))
            raise self._error(said.reference, *said.context, kept=_AS_IT_WAS, backup=found.backup) from error

    def _error(
        self,
        reference: str,
        *said: str,
        kept: str | None = None,
        fix: str | None = None,
        backup: Path | None = None,
    ) -> InitError:
        names = {"DBFILE": str(self._file)}
        if backup is not None:
            names["BACKUP"] = str(backup)
        return InitError(reference, *said, kept=kept, fix=fix, database="sqlite", names=names)


def _said(error: Exception) -> tuple[str, ...]:
    """What an error says of a backup. Damaged has sentences of ours; a driver's own text may hold values."""
    if isinstance(error, InitError):
        return error.context
    if isinstance(error, Damaged):
        return tuple(map(str, error.args))
    return classify(error, doing="backup", database="sqlite").context


_FIXES = {
    "baton-unwritable": "Make DBFILE-initdb writable for this process (chown, chmod 600), or its folder if "
    "it is not there, then: initdb restore BACKUP --yes",
    "side-file-refused": "See what it is (ls -ld DBFILE-initdb). If no run is at work, move it out of the "
    "way: mv DBFILE-initdb DBFILE-refused, then: initdb restore BACKUP --yes",
}
"""How what keeps the baton from being taken is fixed."""

_AS_IT_WAS = "Nothing was changed; the database is as it was."

_NO_DATABASE = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
"""The codes of SQLite for a file that it cannot begin to read."""


def _file_of(engine: Engine, settings: Settings) -> Path:
    """The file of a SQLite database.

    Raises:
        InitError: `restore-elsewhere`, with what a person types for a PostgreSQL database.
    """
    file = database_file(engine)
    if file is not None:
        return file
    if engine.dialect.name == "sqlite":
        fix = "Name the file of the database: initdb restore --database-url sqlite:///app.db"
        raise InitError("backup-not-found", "The database is in memory, and has none.", fix=fix)
    shelf = shelf_of(engine, settings, Knowledge())
    said, names = list[str](), dict[str, str]()
    if settings.backup_folder and (saved := shelf.found(BACKUP)):
        said, names = [f"The newest backup is {saved[-1]}."], {"BACKUP": str(saved[-1])}
    error = InitError("restore-elsewhere", *said, fix=_BY_HAND, database="postgresql", names=names)
    raise refused(engine, error)


_BY_HAND = (
    "Restore it into a new database: createdb -h HOST -p PORT -U DBROLE restored && pg_restore -h HOST -p"
    " PORT -U DBROLE --exit-on-error --dbname=restored BACKUP && psql SERVERURL"
    " -c 'ALTER DATABASE \"DBNAME\" RENAME TO replaced' -c 'ALTER DATABASE restored RENAME TO \"DBNAME\"'"
)
