"""Reads the rows of a seed source, one at a time, and converts their values to the types of the columns."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import cast

from sqlalchemy import Column, Table

from initdb.errors import InitError
from initdb.errors.classify import VALUES
from initdb.errors.translated import translated
from initdb.events.process import in_this_process, only_in
from initdb.steps.seeds.csv_rows import csv_header, csv_rows
from initdb.steps.seeds.documents import document_rows
from initdb.steps.seeds.empty import LEFT_OUT, of_nothing
from initdb.steps.seeds.model import SeedRow, SeedSource
from initdb.steps.seeds.refusals import raised
from initdb.steps.seeds.scripts import line_in, load_function
from initdb.steps.seeds.tables import columns_of, refuse_unknown
from initdb.steps.seeds.values import Convert, Unfit, converter


def read_rows(source: SeedSource, start: int = 0, table: Table | None = None) -> Iterator[SeedRow]:
    """The rows of a source, by column name, with their places.

    A CSV file is read row by row. In it, nothing between two commas means NULL for a column that may be NULL.
    For any other text column it means the empty string. Any other column with a default is left out.

    Args:
        source: A file, or a function that yields rows.
        start: The first row to give, counted from 0.
        table: Values are converted to the types of its columns, those of Python rows too. Without a table
            they stay as they are.

    Raises:
        InitError: When the faulty row is reached: `seed-file-unreadable`, `seed-column-unknown`,
            `seed-callable-failed`; or `seed-rejected`, if a column cannot hold a value.
    """
    rows = islice(raw_rows(source), start, None)
    return rows if table is None else converted(rows, table, text=is_csv(source))


def first_columns(source: SeedSource) -> tuple[str, ...] | None:
    """The columns of the source's first row; None if it has no row. Raises what `read_rows` raises."""
    if is_csv(source):
        return csv_header(source.name, source.file) or None
    first = next(raw_rows(source), None)
    return None if first is None else tuple(first)


def refuse_changed(source: SeedSource) -> None:
    """Refuse a source whose file has changed since its digest was taken.

    Raises:
        InitError: `seed-file-unreadable`.
    """
    if source.path is None:
        return
    try:
        with source.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InitError("seed-file-unreadable", f"{source.name}: {error.strerror}") from error
    if digest != source.digest:
        raise InitError("seed-file-unreadable", f"{source.name} has changed since this run began")


def is_csv(source: SeedSource) -> bool:
    """Whether the source is a CSV file."""
    return source.kind == "rows" and source.path is not None and source.path.suffix == ".csv"


def raw_rows(source: SeedSource) -> Iterator[SeedRow]:
    """The rows of a source, with the values that stand there.

    Raises:
        InitError: What `read_rows` raises, but nothing about values.
    """
    if source.kind == "python rows":
        return _yielded(source)
    if is_csv(source):
        return csv_rows(source.name, source.file)
    rows = chain.from_iterable(document_rows(source.name, source.file, source.digest))
    return (SeedRow(row, f"{source.name} row {number}") for number, row in enumerate(rows, 1))


def _yielded(source: SeedSource) -> Iterator[SeedRow]:
    function = load_function(source)
    number, process = 0, os.getpid()

    def failure(error: Exception) -> InitError:
        said = f"{source.name}{line_in(error, source)}: after row {number} it raised {raised(error)}"
        return InitError("seed-callable-failed", said).with_advice(VALUES.format("resume"))

    with translated(failure, InitError), in_this_process():
        for number, row in enumerate(cast(Iterable[object], function()), 1):
            only_in(process)
            if not isinstance(row, Mapping):
                said = f"{source.name} row {number}: it is a {type(row).__name__}, not a dict"
                raise InitError("seed-callable-failed", said)
            yield SeedRow(row, f"{source.name} row {number}")


def converters(table: Table, *, text: bool) -> dict[str, Convert]:
    """What converts a value for each column, by the column's name and key. It may give LEFT_OUT.

    Args:
        table: The table.
        text: Whether the values are texts of a CSV file.
    """
    return {
        name: _of_text(column) if text else converter(column, text=False)
        for name, column in columns_of(table).items()
    }


def converted(rows: Iterable[SeedRow], table: Table, *, text: bool) -> Iterator[SeedRow]:
    """The rows with the values that a table's columns hold.

    Args:
        rows: As a file or a function has them.
        table: The table.
        text: Whether the values are texts of a CSV file.

    Raises:
        InitError: `seed-column-unknown`; or `seed-rejected`, if a column cannot hold a value.
    """
    columns, convert = columns_of(table), converters(table, text=text)
    for row in rows:
        values = {}
        for name, value in row.items():
            if name not in columns:
                refuse_unknown(row.place, (name,), table)
            try:
                found = convert[name](value)
            except Unfit as error:
                raise InitError("seed-rejected", f"{row.place}: the value of {name} {error}") from None
            if found is not LEFT_OUT:
                values[name] = found
        yield SeedRow(values, row.place)


def _of_text(column: Column[object]) -> Convert:
    """The conversion of a CSV cell."""
    convert = converter(column, text=True)
    empty = of_nothing(column)
    return lambda cell: convert(cell) if cell != "" else empty()
