"""Reads CSV seed files as in RFC 4180: UTF-8, commas, column names in the first record.

Blank lines are skipped.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from io import BufferedReader, FileIO, RawIOBase, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from initdb.errors import InitError
from initdb.steps.seeds.documents import decoded
from initdb.steps.seeds.model import SeedRow

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


def csv_header(name: str, path: Path) -> tuple[str, ...]:
    """The names in the first record; none for an empty file.

    Args:
        name: What messages call the file.
        path: The file.

    Raises:
        InitError: `seed-file-unreadable`.
    """
    return _header(name, next(_records(name, path), (1, [])))


def csv_rows(name: str, path: Path, digest: str) -> Iterator[SeedRow]:
    """The rows, with texts as values. Each is read when it is asked for.

    Args:
        name: What messages call the file.
        path: The file.
        digest: The hash that it had. What was read is compared with it at the end.

    Raises:
        InitError: `seed-file-unreadable`, when the faulty record is reached, or at the end.
    """
    records = _records(name, path, digest)
    header = _header(name, next(records, (1, [])))
    for line, cells in records:
        if len(cells) != len(header):
            said = (
                f"{name} line {line}: it has {len(cells)} values, and the header names {len(header)} columns"
            )
            raise InitError("seed-file-unreadable", said)
        yield SeedRow(dict(zip(header, cells, strict=True)), f"{name} line {line}")


def _records(name: str, path: Path, digest: str = "") -> Iterator[tuple[int, list[str]]]:
    """Every record that is not blank, with the line that it begins on."""
    try:
        with path.open("rb", buffering=0) as raw:
            hashed = _Hashed(raw)
            file = TextIOWrapper(BufferedReader(hashed), encoding="utf-8-sig", newline="")
            reader = csv.reader(file, strict=True)
            line = 1
            for cells in reader:
                if cells:
                    yield line, cells
                line = reader.line_num + 1
            if digest and hashed.hash.hexdigest() != digest:
                raise InitError("seed-file-unreadable", f"{name} has changed since this run began")
    except csv.Error as error:
        raise InitError("seed-file-unreadable", f"{name} line {line}: {error}") from error
    except UnicodeDecodeError:
        # The error's position is in a buffer; only the whole content gives the line.
        decoded(name, path.read_bytes())
        raise
    except OSError as error:
        raise InitError("seed-file-unreadable", f"{name}: {error.strerror}") from error


class _Hashed(RawIOBase):
    """A file that is hashed while it is read."""

    def __init__(self, file: FileIO) -> None:
        self._file, self.hash = file, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        count = self._file.readinto(buffer)
        self.hash.update(memoryview(buffer)[: count or 0])
        return count


def _header(name: str, record: tuple[int, list[str]]) -> tuple[str, ...]:
    line, cells = record
    header = tuple(cell.strip() for cell in cells)
    if "" in header:
        raise InitError(
            "seed-file-unreadable", f"{name} line {line}: column {header.index('') + 1} has no name"
        )
    twice = next((column for column in header if header.count(column) > 1), None)
    if twice is not None:
        raise InitError("seed-file-unreadable", f"{name} line {line}: the column {twice} stands there twice")
    return header
