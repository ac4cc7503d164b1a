"""Makes checkpoints and delivers them: to the logger initdb.checkpoint, to a file, to a command."""

from __future__ import annotations

import logging
import os
import shlex
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from initdb.errors import InitError
from initdb.errors.redact import url_text
from initdb.errors.withheld import withhold
from initdb.events.canonical import timestamp
from initdb.events.checkpoint import Checkpoint, checkpoint_of
from initdb.events.export import sync_folder
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.notes import JournalCreated
from initdb.events.sessions import session
from initdb.events.signing import signed
from initdb.settings import Settings
from initdb.statemachine.site import journal_of
from initdb.steps.connect import reading
from initdb.steps.programs import ran

LIMIT = 10.0
"""Seconds that the command may take."""

_log = logging.getLogger("initdb.checkpoint")


def make(settings: Settings, journal: str | None, seq: int, digest: str, now: datetime) -> Checkpoint:
    """Make a checkpoint, signed if the settings name a key.

    Args:
        settings: Their `checkpoint_key`.
        journal: The id of the journal.
        seq: The number of its last entry.
        digest: The hash of that entry.
        now: The time.

    Raises:
        InitError: `checkpoint-key-unusable`; `journal-unreadable`, if its id is none.
    """
    try:
        point = checkpoint_of(journal, seq, digest, timestamp(now))
    except ValueError as error:
        raise InitError("journal-unreadable", str(error)) from error
    return signed(point, settings.checkpoint_key) if settings.checkpoint_key else point


def take(engine: Engine, settings: Settings, now: datetime) -> Checkpoint:
    """Make a checkpoint of a journal as it is stored. It only reads.

    Args:
        engine: The engine of the database.
        settings: They say who owns the journal, in which schema it is, and which key signs.
        now: The time.

    Raises:
        InitError: `journal-missing`; `journal-tampered`, if the last entry is not that of the head, or not
            what its hash says; `checkpoint-key-unusable`.
    """
    with reading(engine), session(engine) as connection:
        journal, exists = journal_of(connection, settings)
        if not exists:
            raise InitError("journal-missing", url_text(engine.url), database=engine.dialect.name)
        with journal.readable(connection):
            head = journal.head(connection)
            last, first = journal.entry(connection, head.seq), journal.entry(connection, 1)
    if last is None or first is None or last.hash != head.hash:
        said = f"The head says entry {head.seq} with hash {head.hash}; there is no such entry."
        raise InitError("journal-tampered", said, database=engine.dialect.name)
    name = JournalCreated.read(first.data).journal
    return make(settings, name, head.seq, head.hash, now)


def deliver(point: Checkpoint, settings: Settings) -> Iterator[str]:
    """Bring a checkpoint to each place that the settings name.

    Args:
        point: The checkpoint.
        settings: Their `checkpoint_file` and `checkpoint_command`.

    Yields:
        Why it did not come to one of them, as a sentence.
    """
    _log.info("%s", point.line)
    if settings.checkpoint_file is not None:
        try:
            _append(settings.checkpoint_file, point.line)
        except OSError as error:
            said = error.strerror or str(error)
            yield f"The checkpoint could not be appended to {settings.checkpoint_file}: {said}"
    if settings.checkpoint_command is not None:
        yield from _given(settings.checkpoint_command, point.line)


def delivered(settings: Settings, known: Knowledge, now: datetime) -> tuple[str, ...]:
    """Make a checkpoint of what this process has just written, and deliver it.

    Args:
        settings: The settings.
        known: What the journal says.
        now: The time.

    Returns:
        Warnings: what did not work. Nothing is raised.
    """
    try:
        point = make(settings, known.journal, known.seq, known.hash, now)
    except InitError as error:
        said = error.rendered()
        return (f"No checkpoint was written: {'; '.join(said.context)} ({said.fix})",)
    heard = _log.isEnabledFor(logging.INFO) and _log.hasHandlers()
    if not heard and settings.checkpoint_file is None and settings.checkpoint_command is None:
        return ("The checkpoint went nowhere: set checkpoint_file or checkpoint_command",)
    return tuple(deliver(point, settings))


def _append(file: Path, line: str) -> None:
    """Append a line. The file is the operator's; a link could lead to another one."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    new = not file.exists()
    descriptor = os.open(file, flags, 0o600)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(None, "it is no regular file")
        whole = not found.st_size or os.pread(descriptor, 1, found.st_size - 1) == b"\n"
        os.write(descriptor, f"{'' if whole else chr(10)}{line}\n".encode("ascii"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if new:
        sync_folder(file.absolute().parent)


def _given(command: str, line: str) -> Iterator[str]:
    """Run the command, with the line on its stdin."""
    words = shlex.split(command)
    try:
        code, said = ran(words, os.environ, given=f"{line}\n", limit=LIMIT)
    except FileNotFoundError:
        yield f"checkpoint_command: there is no program {words[0]} in PATH"
    except TimeoutError:
        yield f"checkpoint_command was ended: {words[0]} took longer than {LIMIT:g} s"
    else:
        if code:
            withhold("\n".join((f"{words[0]} printed:", *said)))
            yield f"checkpoint_command: {words[0]} ended with exit code {code}"
