"""`--archive`: reads the entries that `initdb journal archive` has moved to files, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from operator import attrgetter
from pathlib import Path

import click

from initdb.events.entry import Entry, read
from initdb.events.export import stored_in
from initdb.events.verify import Stored


@dataclass(frozen=True, slots=True)
class Archived:
    """The rows in the files of an archive, each once, in their order. They are read anew at each iteration.

    A later file may begin with entries of an earlier one.

    Attributes:
        files: The files, the oldest first.
    """

    files: tuple[Path, ...]

    def __iter__(self) -> Iterator[Stored]:
        """Read them.

        Raises:
            click.BadParameter: A file cannot be read, or has something else in it.
        """
        last = 0
        for row in merge(*map(_rows, self.files), key=attrgetter("seq")):
            if row.seq > last:
                yield row
                last = row.seq

    def __bool__(self) -> bool:
        """Whether there is an archive."""
        return bool(self.files)


NONE = Archived(())
"""No archive."""


def history(rows: Iterable[Stored], entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries in an archive, and after them those of the database.

    Args:
        rows: The rows in the archive.
        entries: The entries in the database, in their order.
    """
    last = 0
    for row in rows:
        yield read(row.seq, row.event, row.prev_hash, row.hash)
        last = row.seq
    yield from (entry for entry in entries if entry.seq > last)


def _rows(file: Path) -> Iterator[Stored]:
    try:
        with file.open("rb") as lines:
            for number, text in enumerate(lines, 1):
                row = stored_in(text)
                if row is None:
                    said = f"line {number} of {file} is no entry of a journal"
                    raise click.BadParameter(said, param_hint="--archive")
                yield row
    except OSError as error:
        raise click.BadParameter(f"{file}: {error.strerror}", param_hint="--archive") from error
