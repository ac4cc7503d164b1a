"""backup: before the first change, copy a SQLite file, or run the command for PostgreSQL, and note it."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Engine

from initdb.errors import InitError
from initdb.errors.classify import classify
from initdb.errors.files import is_disk_full
from initdb.errors.known_names import of_file
from initdb.errors.withheld import kind_of
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.notes import BackupMade
from initdb.events.sessions import database_file
from initdb.events.statements import driver
from initdb.settings import Settings
from initdb.steps.backups import command
from initdb.steps.backups.files import Shelf, like, part_of, publish, size_and_digest
from initdb.steps.backups.sqlite_copy import Damaged, copy, opened
from initdb.steps.context import Progress, StepContext
from initdb.steps.payload.elapsed import milliseconds

KEPT = "Nothing was changed: the backup comes before the first change."


def is_due(settings: Settings, known: Knowledge, engine: Engine) -> bool:
    """Whether a backup must be made before the next change.

    Args:
        settings: The setting `backup` decides.
        known: What the journal says. A backup stands until a run ends, also if the run is interrupted.
        engine: The engine of the database. One in memory needs no backup.
    """
    wanted = settings.backup == "before-changes" and not known.backed_up
    return wanted and (engine.dialect.name == "postgresql" or database_file(engine) is not None)


def check_settings(settings: Settings, engine: Engine) -> None:
    """Refuse settings by which no backup could be made, before there is something to change.

    Args:
        settings: The settings.
        engine: The engine of the database.

    Raises:
        InitError: `backup-not-set-up`: on PostgreSQL there has to be a command, and a folder for its file.
    """
    if settings.backup == "off" or engine.dialect.name != "postgresql":
        return
    if settings.backup_command is None:
        raise InitError("backup-not-set-up", "backup_command is not set.", database="postgresql")
    if "{file}" in settings.backup_command and settings.backup_folder is None:
        said = "backup_folder is not set: it is the folder of {file}, to which backup_command writes."
        fix = 'Set in initdb.toml: backup_folder = "/var/backups/shop"; then: initdb run'
        raise InitError("backup-not-set-up", said, fix=fix, database="postgresql")


def described(settings: Settings, engine: Engine) -> str:
    """Say where the next backup goes; empty if none is made.

    Args:
        settings: The settings.
        engine: The engine of the database.
    """
    if not is_due(settings, Knowledge(), engine):
        return ""
    if engine.dialect.name == "postgresql":
        return f"by {command.program_of(settings.backup_command or '')}"
    return f"into {shelf_of(engine, settings, Knowledge()).folder}"


def shelf_of(engine: Engine, settings: Settings, known: Knowledge) -> Shelf:
    """Where the backups of a database are.

    Args:
        engine: The engine of the database.
        settings: Their `backup_folder`; else the folder of the SQLite file.
        known: What the journal says.
    """
    file = database_file(engine)
    folder = settings.backup_folder or (file.parent if file else Path())
    return Shelf(folder, file.name if file else engine.url.database or "", known.journal or "")


def back_up(ctx: StepContext, now: datetime) -> None:
    """Make a backup, and append `backup_made`.

    Args:
        ctx: The step's context.
        now: The time, in UTC.

    Raises:
        InitError: `disk-full`, `database-corrupt`, `backup-failed`, or another reason why there is no backup.
    """
    begun, file = time.perf_counter(), database_file(ctx.engine)
    given = ctx.settings.backup_command or ""
    keeps = file is not None or "{file}" in given
    shelf = shelf_of(ctx.engine, ctx.settings, ctx.knowledge) if keeps else None
    with _named(ctx, shelf):
        path = shelf.make_room(now) if shelf else None
        said = BackupMade(
            file=str(path) if path else None,
            command=None if file else command.program_of(given),
        )
        ctx.announce(f"backing up to {said.file}" if path else f"backing up: {said.command}")
        if file is not None and path is not None:
            _copy(ctx, file, part_of(path))
        else:
            _run(ctx, part_of(path) if path else None)
        if path is not None:
            size, digest = size_and_digest(part_of(path))
            said = replace(said, size=size, digest=digest)
            publish(part_of(path), path)
    with ctx.unit.open(ctx.work):
        ctx.unit.commit(ctx.work, replace(said, ms=milliseconds(begun)))


def _copy(ctx: StepContext, file: Path, part: Path) -> None:
    def tick(done: int, of: int) -> None:
        ctx.report(Progress("back_up", file.name, 100 * done // max(of, 1), 100))
        ctx.sleep(0)

    with opened(file) as source:
        copy(source, part, tick)
    like(part, file)


def _run(ctx: StepContext, part: Path | None) -> None:
    ctx.report(Progress("back_up", ctx.engine.url.database or ""))
    words = command.words_of(ctx.settings.backup_command or "", part, ctx.engine.url.database or "")
    command.run(words, command.environment(driver(ctx.work)), partial(ctx.sleep, 0))
    if part is not None and (not part.exists() or not size_and_digest(part)[0]):
        said = f"{words[0]} ended well, but has written nothing to {{file}}, which is {part}."
        raise InitError("backup-failed", said, database="postgresql")


@contextlib.contextmanager
def _named(ctx: StepContext, shelf: Shelf | None) -> Iterator[None]:
    """Give what fails in the block a name, and remove the half. It fails before the first change."""
    target = str(shelf.folder / "a file") if shelf else ""
    try:
        yield
    except Damaged as error:
        raise InitError("database-corrupt", *error.args, kept=KEPT, database=ctx.database) from error
    except (InitError, sqlite3.Error, OSError) as error:
        found = classify(error, doing="backup", database=ctx.database, target=target)
        reference, said = found.reference, found.context
        # Asked before the half is removed.
        if shelf is not None and is_disk_full(Path(target)):
            reference, said = "disk-full", (f"It is the disk of the backups, in {shelf.folder}.", *said)
        elif isinstance(error, OSError):
            # What is in the catalogue of a file is about that of the database.
            reference, said = "backup-failed", (f"{error.filename}: {kind_of(error)}",)
        names = of_file(Path(target), "DBFILE") if target else {}
        raise InitError(reference, *said, kept=KEPT, database=ctx.database, names=names) from error
    finally:
        if shelf is not None:
            with contextlib.suppress(OSError):
                shelf.remove_halves()
