"""Reads CSV seed files as in RFC 4180: UTF-8, commas, column names in the first record.

Blank lines are skipped. A file is read in batches, each with the mark at which the next one begins.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, StringIO, TextIOWrapper
from itertools import islice
from pathlib import Path

from initdb.errors import InitError
from initdb.events.knowledge import Mark
from initdb.steps.seeds.csv_marks import hashed
from initdb.steps.seeds.documents import decoded
from initdb.steps.seeds.model import SeedRow

BLOCK = 1 << 16
"""How many characters are taken from the file at once."""

PIECE = 500
"""How many rows are read at once."""


@dataclass(frozen=True, slots=True)
class CsvBatch:
    """Some rows of a file that follow each other.

    Attributes:
        name: What messages call the file.
        header: The names of the columns.
        columns: The texts of each column.
        size: How many rows there are.
        mark: Where the batch ends.
        text: The lines of the rows, and blank ones between them.
        first: The number of the first of these lines.
    """

    name: str
    header: tuple[str, ...]
    columns: Sequence[Sequence[str]]
    size: int
    mark: Mark
    text: str
    first: int

    def rows(self) -> Iterator[SeedRow]:
        """The rows, each with its place."""
        for line, cells in _records(self.name, StringIO(self.text, newline=""), self.first):
            yield _row(self.name, self.header, line, cells)


def csv_header(name: str, path: Path) -> tuple[str, ...]:
    """The names in the first record; none for an empty file.

    Args:
        name: What messages call the file.
        path: The file.

    Raises:
        InitError: `seed-file-unreadable`.
    """
    with opened(name, path) as raw, TextIOWrapper(raw, encoding="utf-8-sig", newline="") as file:
        return _header(name, next(_records(name, file, 1), (1, [])))


def csv_rows(name: str, path: Path) -> Iterator[SeedRow]:
    """The rows, with texts as values. Each is read when it is asked for.

    Args:
        name: What messages call the file.
        path: The file.

    Raises:
        InitError: `seed-file-unreadable`, when the faulty record is reached.
    """
    with opened(name, path) as raw, TextIOWrapper(raw, encoding="utf-8-sig", newline="") as file:
        records = _records(name, file, 1)
        header = _header(name, next(records, (1, [])))
        for line, cells in records:
            yield _row(name, header, line, cells)


_OTHERS = bytes(set(range(256)) - set(b',\n\r"'))


def is_plain(text: str, width: int) -> bool:
    """Whether whole lines are records with nothing quoted: then commas are all that counts.

    Args:
        text: The lines. The last one may lack its end.
        width: How many values each has.
    """
    if width < 2 or len(text) > csv.field_size_limit():
        return False
    lines = text.replace("\r\n", "\n")
    left = lines.encode().translate(None, _OTHERS).removesuffix(b"\n") + b"\n"
    return left == (b"," * (width - 1) + b"\n") * (len(left) // width)


def csv_batches(  # noqa: PLR0913, PLR0917 - where a reading begins
    name: str, path: Path, digest: str, size: int, start: Mark | None = None, skip: int = 0
) -> Iterator[CsvBatch]:
    """The rows in batches, with texts as values. Each is read when it is asked for. The last may be empty.

    Args:
        name: What messages call the file.
        path: The file.
        digest: The hash that it had. What was read is compared with it at the end; "" compares nothing, and
            then marks behind `start` have no hash of the file.
        size: How many rows a batch has.
        start: Where the first batch begins, as `begins_with` has confirmed; None for the first row.
        skip: How many rows are left out from there.

    Raises:
        InitError: `seed-file-unreadable`, when the faulty record is reached, or at the end.
    """
    header = csv_header(name, path)
    with opened(name, path) as raw:
        yield from _Reading(name, raw, digest, header).batches(size, start, skip)


@contextmanager
def opened(name: str, path: Path) -> Iterator[BufferedReader]:
    """Open a file, with our errors for what its reading raises.

    Args:
        name: What messages call the file.
        path: The file.

    Raises:
        InitError: `seed-file-unreadable`.
    """
    try:
        with path.open("rb") as raw:
            yield raw
    except UnicodeDecodeError:
        # The error's position is in a buffer; only the whole content gives the line.
        decoded(name, path.read_bytes())
        raise
    except OSError as error:
        raise InitError("seed-file-unreadable", f"{name}: {error.strerror}") from error


class Text:
    """The text of a file, and the part of it that belongs to the batch that is read."""

    def __init__(self, file: TextIOWrapper) -> None:
        """Read a file whose line ends are left as they are."""
        self._file, self._ahead = file, ""
        self.taken: list[str] = []

    def take(self, lines: int | None = None) -> str:
        """The next whole lines, at most so many; "" at the end."""
        if len(self._ahead) < BLOCK // 2:
            self._ahead += self._file.read(BLOCK)
        while not (cut := self._ahead.rfind("\n") + 1):
            more = self._file.read(max(BLOCK, len(self._ahead)))
            if not more:
                cut = len(self._ahead)
                break
            self._ahead += more
        if lines is not None and self._ahead.count("\n", 0, cut) > lines:
            cut -= len(self._ahead[:cut].split("\n", lines)[lines])
        text, self._ahead = self._ahead[:cut], self._ahead[cut:]
        self.taken.append(text)
        return text

    def give_back(self, text: str) -> None:
        """Read the end of what was taken last once more."""
        self._ahead = text + self._ahead
        self.taken.append(self.taken.pop().removesuffix(text) if text else "")


class _Reading:
    """One reading of a file, from a mark to its end."""

    def __init__(self, name: str, raw: BufferedReader, digest: str, header: tuple[str, ...]) -> None:
        self._name, self._raw, self._digest, self._header = name, raw, digest, header
        self._hash, self._bytes, self._line, self._rows = hashlib.sha256(), 0, 1, 0

    def batches(self, size: int, start: Mark | None, skip: int) -> Iterator[CsvBatch]:
        if start is None:
            self._skip_mark_of_utf8()
        else:
            if self._digest:
                self._hash, _ = hashed(self._raw, start.bytes)
            self._raw.seek(start.bytes)
            self._bytes, self._line, self._rows = start.bytes, start.line, start.rows
        text = Text(TextIOWrapper(self._raw, encoding="utf-8", newline=""))
        if start is None and self._header:
            self._next(text, 1)
            self._rows = 0
        while skip > 0 and (left_out := self._next(text, min(skip, size)).size):
            skip -= left_out
        while True:
            batch = self._next(text, size)
            at_end = batch.size < size
            if at_end and self._digest and batch.mark.digest != self._digest:
                raise InitError("seed-file-unreadable", f"{self._name} has changed since this run began")
            yield batch
            if at_end:
                return

    def _skip_mark_of_utf8(self) -> None:
        if self._raw.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8:
            self._add(codecs.BOM_UTF8)
        else:
            self._raw.seek(0)

    def _next(self, text: Text, size: int) -> CsvBatch:
        """The next records that are not blank."""
        columns: list[list[str]] = [[] for _ in self._header]
        try:
            self._plain(text, size, columns)
            self._any(text, size - len(columns[0]) if columns else size, columns)
        except (csv.Error, ValueError):
            # The record is named by the line that it begins on.
            taken = StringIO("".join(text.taken), newline="")
            for line, record in _records(self._name, taken, self._line):
                _row(self._name, self._header, line, record)
            raise
        lines, first = "".join(text.taken), self._line
        text.taken = []
        # The end of the last line may be added later, so it is not counted yet.
        self._line += lines.count("\n") + lines.count("\r") - lines.count("\r\n")
        self._rows += (size_of := len(columns[0]) if columns else 0)
        self._add(lines.encode())
        mark = Mark(self._rows, self._bytes, self._line, self._hash.hexdigest())
        return CsvBatch(self._name, self._header, columns, size_of, mark, lines, first)

    def _plain(self, text: Text, size: int, columns: list[list[str]]) -> None:
        """Read records while nothing in them is quoted."""
        width = len(columns)
        while columns and len(columns[0]) < size and (block := text.take(size - len(columns[0]))):
            if not is_plain(block, width):
                text.give_back(block)
                return
            cells = block.replace("\r\n", "\n").removesuffix("\n").replace("\n", ",").split(",")
            for number, column in enumerate(columns):
                column.extend(cells[number::width])

    def _any(self, text: Text, size: int, columns: list[list[str]]) -> None:
        """Read records of any form."""
        lines: list[str] = []
        before = 0

        def each() -> Iterator[str]:
            nonlocal before
            while block := text.take():
                before += len(lines)
                lines[:] = StringIO(block, newline="")
                yield from lines

        reader = csv.reader(each(), strict=True)
        records = filter(None, reader)
        # In small pieces no list lives for long, so Python's collector need not walk through them.
        while size > 0 and (piece := list(islice(records, min(PIECE, size)))):
            size -= len(piece)
            for column, values in zip(columns, zip(*piece, strict=True), strict=True):
                column.extend(values)
        text.give_back("".join(lines[reader.line_num - before :]))

    def _add(self, content: bytes) -> None:
        self._hash.update(content)
        self._bytes += len(content)


def _row(name: str, header: Sequence[str], line: int, cells: Sequence[str]) -> SeedRow:
    if len(cells) != len(header):
        said = f"it has {len(cells)} values, and the header names {len(header)} columns"
        raise InitError("seed-file-unreadable", f"{name} line {line}: {said}")
    return SeedRow(dict(zip(header, cells, strict=True)), f"{name} line {line}")


def _records(name: str, lines: Iterable[str], first: int) -> Iterator[tuple[int, list[str]]]:
    """Every record that is not blank, with the number of the line that it begins on."""
    reader = csv.reader(lines, strict=True)
    line = first
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = first + reader.line_num
    except csv.Error as error:
        raise InitError("seed-file-unreadable", f"{name} line {line}: {error}") from error


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
