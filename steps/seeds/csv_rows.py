"""Reads CSV seed files as in RFC 4180: UTF-8, commas, column names in the first record.

Blank lines are skipped.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from initdb.errors import InitError
from initdb.steps.seeds.documents import decoded
from initdb.steps.seeds.model import SeedRow


def csv_header(name: str, path: Path) -> tuple[str, ...]:
    """The names in the first record; none for an empty file.

    Args:
        name: What messages call the file.
        path: The file.

    Raises:
        InitError: `seed-file-unreadable`.
    """
    return _header(name, next(_records(name, path), (1, [])))


def csv_rows(name: str, path: Path) -> Iterator[SeedRow]:
    """The rows, with texts as values. Each is read when it is asked for.

    Args:
        name: What messages call the file.
        path: The file.

    Raises:
        InitError: `seed-file-unreadable`, when the faulty record is reached.
    """
    records = _records(name, path)
    header = _header(name, next(records, (1, [])))
    for line, cells in records:
        if len(cells) != len(header):
            said = (
                f"{name} line {line}: it has {len(cells)} values, and the header names {len(header)} columns"
            )
            raise InitError("seed-file-unreadable", said)
        yield SeedRow(dict(zip(header, cells, strict=True)), f"{name} line {line}")


def _records(name: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Every record that is not blank, with the line that it begins on."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            line = 1
            for cells in reader:
                if cells:
                    yield line, cells
                line = reader.line_num + 1
    except csv.Error as error:
        raise InitError("seed-file-unreadable", f"{name} line {line}: {error}") from error
    except UnicodeDecodeError:
        # The error's position is in a buffer; only the whole content gives the line.
        decoded(name, path.read_bytes())
        raise
    except OSError as error:
        raise InitError("seed-file-unreadable", f"{name}: {error.strerror}") from error


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
