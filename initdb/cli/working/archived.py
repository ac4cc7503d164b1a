"""`--archive`: reads the entries that `initdb journal archive` has moved to files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from initdb.events.entry import Entry, read
from initdb.events.export import stored_in
from initdb.events.verify import Stored


def archived(files: Iterable[Path]) -> tuple[Stored, ...]:
    """Read the rows in the files of an archive, each once.

    Args:
        files: The files, the oldest first. A later one may begin with entries of an earlier one.

    Raises:
        click.BadParameter: A file cannot be read, or has something else in it.
    """
    found: dict[int, Stored] = {}
    for file in files:
        for row in _rows(file):
            found.setdefault(row.seq, row)
    return tuple(found[seq] for seq in sorted(found))


def history(rows: Sequence[Stored], entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries in an archive, and after them those of the database.

    Args:
        rows: The rows in the archive.
        entries: The entries in the database, in their order.
    """
    yield from (read(row.seq, row.event, row.prev_hash, row.hash) for row in rows)
    last = rows[-1].seq if rows else 0
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
