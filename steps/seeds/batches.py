"""Cuts the rows of a source into batches, column by column for those who store many rows at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from operator import itemgetter
from typing import Protocol

from sqlalchemy import Table

from initdb.events.knowledge import Mark
from initdb.steps.seeds.csv_rows import PIECE, CsvBatch, csv_batches
from initdb.steps.seeds.documents import document_rows
from initdb.steps.seeds.model import SeedRow, SeedSource
from initdb.steps.seeds.reading import converted, is_csv, raw_rows
from initdb.steps.seeds.row_values import Columns, Value


class Batch(Protocol):
    """Some rows of a source that follow each other."""

    @property
    def names(self) -> tuple[str, ...] | None:
        """The columns that every row has; None if the rows differ in that."""

    @property
    def text(self) -> bool:
        """Whether the values are texts of a CSV file."""

    @property
    def mark(self) -> Mark | None:
        """Where the batch ends; None if the source is no CSV file."""

    def __len__(self) -> int:
        """How many rows it has."""

    def first_names(self) -> tuple[str, ...]:
        """The columns of the first row."""

    def columns(self) -> Columns:
        """The values of each column of `names`, as the source has them."""

    def rows(self, table: Table) -> list[SeedRow]:
        """The rows, converted for a table. Raises what `reading.converted` raises."""


@dataclass(frozen=True, slots=True)
class OfCsv:
    """Rows of a CSV file."""

    found: CsvBatch

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that every row has; None if the rows differ in that."""
        return self.found.header

    def first_names(self) -> tuple[str, ...]:
        """The columns of the first row."""
        return self.found.header

    @property
    def text(self) -> bool:
        """Whether the values are texts."""
        return True

    @property
    def mark(self) -> Mark:
        """Where the batch ends."""
        return self.found.mark

    def __len__(self) -> int:
        return self.found.size

    def columns(self) -> Columns:
        """The values of each column."""
        return list(self.found.columns)

    def rows(self, table: Table) -> list[SeedRow]:
        """The rows, converted for a table."""
        return list(converted(self.found.rows(), table, text=True))


@dataclass(frozen=True, slots=True)
class OfMappings:
    """Rows that are mappings, the first of which has the number `first`."""

    name: str
    first: int
    found: Sequence[Mapping[str, Value]]

    @property
    def names(self) -> tuple[str, ...] | None:
        """The columns that every row has; None if the rows differ in that."""
        first = tuple(self.found[0])
        alike = set(map(len, self.found)) == {len(first)}
        return first if alike and set(chain.from_iterable(self.found)) == set(first) else None

    def first_names(self) -> tuple[str, ...]:
        """The columns of the first row."""
        return tuple(self.found[0])

    @property
    def text(self) -> bool:
        """Whether the values are texts."""
        return False

    @property
    def mark(self) -> None:
        """Where the batch ends."""
        return None

    def __len__(self) -> int:
        return len(self.found)

    def columns(self) -> Columns:
        """The values of each column."""
        names = tuple(self.found[0])
        if len(names) == 1:
            return [[row[names[0]] for row in self.found]]
        columns: list[list[Value]] = [[] for _ in names]
        rows = map(itemgetter(*names), self.found)
        # In small pieces no list lives for long, so Python's collector need not walk through them.
        while piece := list(islice(rows, PIECE)):
            for column, values in zip(columns, zip(*piece, strict=True), strict=True):
                column.extend(values)
        return columns

    def rows(self, table: Table) -> list[SeedRow]:
        """The rows, converted for a table."""
        given = (
            SeedRow(row, f"{self.name} row {number}") for number, row in enumerate(self.found, self.first)
        )
        return list(converted(given, table, text=False))


def batches_of(source: SeedSource, size: int, row: int = 0, mark: Mark | None = None) -> Iterator[Batch]:
    """The batches of a source. None of them is empty.

    Args:
        source: A file, or a function that yields rows.
        size: How many rows a batch has.
        row: The first row to give, counted from 0, or from the mark.
        mark: A place in a CSV file, as `csv_marks.begins_with` has confirmed it.

    Raises:
        InitError: What `reading.read_rows` raises, but for values.
    """
    if is_csv(source):
        found = csv_batches(source.name, source.file, source.digest, size, mark, row)
        return (OfCsv(batch) for batch in found if batch.size)
    if source.kind == "python rows":
        return _of_rows(source.name, raw_rows(source), size, row)
    rows = document_rows(source.name, source.file, source.digest)
    return _of_rows(source.name, chain.from_iterable(rows), size, row)


def _of_rows(name: str, rows: Iterable[Mapping[str, Value]], size: int, row: int) -> Iterator[Batch]:
    remaining, first = islice(rows, row, None), row + 1
    while found := list(islice(remaining, size)):
        yield OfMappings(name, first, found)
        first += len(found)
