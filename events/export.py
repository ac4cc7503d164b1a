"""Exports a journal to a file of JSON Lines: every row as it is stored, on the disk before this returns."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from initdb.errors import InitError
from initdb.events.canonical import quoted
from initdb.events.chain import link
from initdb.events.entry import COLUMNS
from initdb.events.journal import Journal
from initdb.events.pages import pages
from initdb.events.statements import AnyConnection
from initdb.events.verify import Stored


def stored(connection: AnyConnection, journal: Journal) -> Iterator[Stored]:
    """All rows of a journal, in order. Few of them are in memory at once.

    Args:
        connection: In a transaction that may read. If it has locked the head, all rows are of one moment.
        journal: The journal.
    """
    for page in pages(connection, journal.table(connection, "init_journal"), COLUMNS):
        yield from map(Stored._make, page)


def line(row: Stored) -> bytes:
    """A row as one line of JSON in ASCII, with its newline. Bytes are written in hexadecimal.

    Args:
        row: The row; SQLite may have stored any type in it.

    Example:
        >>> line(Stored(1, "r", "2026", "outage", "ready", "ready", "{}", "00", "ff")).decode()[:32]
        '{"seq": 1, "run": "r", "at": "20'
    """
    seq, run, at, kind, source, dest, event, prev_hash, own = row
    try:
        # In a sixth of the time that json.dumps takes. The event is by far the longest of the texts.
        before = (
            f'"seq": {int.__repr__(seq)}, "run": {_text(run)}, "at": {_text(at)}, "type": {_text(kind)},'
            f' "source": {_text(source)}, "dest": {_text(dest)}, "event": '
        )
        after = f', "prev_hash": {_text(prev_hash)}, "hash": {_text(own)}'
        return b"{%b%b%b}\n" % (before.encode("ascii"), quoted(event), after.encode("ascii"))
    except (AttributeError, TypeError):
        said = json.dumps(row._asdict(), default=lambda value: {"hex": bytes(value).hex()})
        return said.encode("ascii") + b"\n"


_text = json.encoder.encode_basestring_ascii
"""Writes a text as json.dumps does. It raises TypeError for anything else."""


def stored_in(text: bytes) -> Stored | None:
    """The row in a line of an export; None if it is none.

    Args:
        text: The line, with its newline.

    Example:
        >>> stored_in(line(Stored(1, "r", "2026", "outage", "ready", "ready", "{}", "00", "ff"))).seq
        1
    """
    try:
        row = Stored(**json.loads(text))
    except (TypeError, ValueError, RecursionError):
        return None
    sound = type(row.seq) is int and all(isinstance(one, str) and one.isascii() for one in row[1:])
    return row if sound else None


def _follows(row: Stored, before: Stored) -> bool:
    return (
        row.seq == before.seq + 1
        and row.prev_hash == before.hash
        and row.hash == link(row.prev_hash, row.event)
    )


_AT_ONCE = 2**16
"""How many bytes are written at once."""


class ExportFile:
    """A file that takes an export, for the length of a `with` block.

    Nothing in it is ever overwritten. A file that exists is accepted if it is the beginning of the same
    export, as a process that was killed leaves it: the rest is appended.

    Args:
        path: The file. It is created with mode 0600 if it does not exist.

    Raises:
        InitError: "export-refused": it cannot be created, or is no regular file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._said():
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            self._descriptor = os.open(path, flags, 0o600)
        self._size = os.fstat(self._descriptor).st_size

    def __enter__(self) -> ExportFile:
        with contextlib.ExitStack() as undo:
            undo.callback(os.close, self._descriptor)
            if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
                raise self._refused("it is no regular file")
            with self._said():
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def written(self, rows: Iterable[Stored]) -> Iterator[Stored]:
        """Write rows soon after they pass. After the last one the file is on the disk.

        Args:
            rows: All rows of the journal.

        Yields:
            The same rows.

        Raises:
            InitError: "export-refused": the file has something else in it, or cannot be written.
        """
        at, before, new = 0, None, bytearray()
        for row in rows:
            said = line(row)
            if at < self._size:
                if before and row.seq > before.seq + 1:
                    at = self._past_archived(at, before, row)
                kept = os.pread(self._descriptor, len(said), at)
                if not said.startswith(kept):
                    raise self._refused("it exists, and is not the beginning of this journal")
                new += said[len(kept) :]
            else:
                new += said
            at, before = at + len(said), row
            if len(new) >= _AT_ONCE:
                self._append(new)
            yield row
        if at < self._size:
            raise self._refused("it exists, and has more in it than this journal")
        self._append(new)
        with self._said():
            os.fsync(self._descriptor)
            sync_folder(self.path.absolute().parent)

    def _append(self, new: bytearray) -> None:
        with self._said():
            while new:
                del new[: os.write(self._descriptor, new)]

    def _past_archived(self, at: int, before: Stored, row: Stored) -> int:
        """Where a row belongs in the file, if the entries before it are only in the file.

        Args:
            at: Where the row before it ends.
            before: The row before it.
            row: The row.
        """
        said = line(row)
        if said.startswith(os.pread(self._descriptor, len(said), at)):
            return at
        with os.fdopen(os.dup(self._descriptor), "rb") as file:
            file.seek(at)
            for text in file:
                found = stored_in(text)
                if found is None or not _follows(found, before):
                    break
                at, before = at + len(text), found
                if (found.seq, found.hash) == (row.seq - 1, row.prev_hash):
                    return at
        raise self._refused("it exists, and does not have the entries of this journal that were archived")

    def digest(self) -> str:
        """The SHA-256 of the file, in hexadecimal."""
        with os.fdopen(os.dup(self._descriptor), "rb") as file:
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._refused(error.strerror or type(error).__name__) from error

    def _refused(self, why: str) -> InitError:
        return InitError("export-refused", f"{self.path}: {why}")


def sync_folder(folder: Path) -> None:
    """Wait until a folder is on the disk: it has the names of its new files.

    Args:
        folder: The folder.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
