"""Checks a seed source before a run changes anything."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from itertools import islice

from sqlalchemy import MetaData, Table

from initdb.errors import InitError, naming
from initdb.events.knowledge import Mark
from initdb.steps.seeds.batches import Batch, batches_of
from initdb.steps.seeds.csv_check import check_csv
from initdb.steps.seeds.csv_marks import begins_with
from initdb.steps.seeds.csv_rows import csv_batches
from initdb.steps.seeds.fitting import fit
from initdb.steps.seeds.keys import Key, natural_key
from initdb.steps.seeds.model import SeedRow, SeedSource
from initdb.steps.seeds.reading import converted, first_columns, is_csv, raw_rows, read_rows
from initdb.steps.seeds.tables import columns_of, is_optional, refuse_unknown, table_of

SAMPLE = 1000
"""In a CSV file, the values of so many rows are checked. Encoding, quotes and widths are checked in all."""


def check(source: SeedSource, metadata: MetaData | None, mark: Mark | None = None) -> None:
    """Read the source as a run would, without a database. Functions are not called.

    Args:
        source: Of any kind.
        metadata: The models; without them only the form of a file is checked.
        mark: How far a CSV file was applied. If it still begins so, the rest is checked.

    Raises:
        InitError: `seed-file-unreadable`, `seed-table-unknown`, `seed-column-unknown`, `seed-column-missing`,
            `seed-key-missing`; or `seed-rejected`, if a column cannot hold a value.
    """
    if source.kind in ("rows", "python rows"):
        with naming(lambda: source.names):
            _check(source, metadata, mark)


def _check(source: SeedSource, metadata: MetaData | None, mark: Mark | None) -> None:
    table = table_of(source, metadata) if metadata is not None else None
    if source.kind == "python rows":
        if table is not None:
            natural_key(table, source.key)
    elif table is None:
        _exhaust(source)
    elif is_csv(source):
        _check_csv(source, table, mark)
    else:
        _check_document(source, table)


def _check_csv(source: SeedSource, table: Table, mark: Mark | None) -> None:
    header = first_columns(source)
    if header is None:
        return
    _check_columns(f"{source.name} line 1", header, table)
    natural_key(table, source.key, header)
    if mark is not None and begins_with(source.file, mark):
        batches = csv_batches(source.name, source.file, "", SAMPLE, mark)
        deque(converted(next(batches).rows(), table, text=True), maxlen=0)
        deque(batches, maxlen=0)
        return
    deque(islice(read_rows(source, 0, table), SAMPLE), maxlen=0)
    _exhaust(source)


def _check_document(source: SeedSource, table: Table) -> None:
    key: Key | None = None
    for batch in batches_of(source, SAMPLE):
        if key is None:
            key = natural_key(table, source.key, batch.rows(table)[0])
        if not _is_plain(batch, table, key):
            for row in batch.rows(table):
                _check_row(row, table, key)


def _is_plain(batch: Batch, table: Table, key: Key) -> bool:
    """Whether all rows have the same columns, and each column fits."""
    names = batch.names
    if names is None or not set(names) <= set(columns_of(table)):
        return False
    row = SeedRow(dict.fromkeys(names), "")
    try:
        _check_row(row, table, key)
    except InitError:
        return False
    return fit(names, batch.columns(), table)


def _check_row(row: SeedRow, table: Table, key: Collection[str]) -> None:
    _check_columns(row.place, row, table)
    absent = sorted(set(key) - _names(row, table))
    if absent:
        raise InitError(
            "seed-column-missing", f"{row.place}: it has no {absent[0]}, which belongs to the key"
        )


def _check_columns(place: str, names: Collection[str], table: Table) -> None:
    refuse_unknown(place, names, table)
    given = _names(names, table)
    absent = [column.name for column in table.columns if column.name not in given and not is_optional(column)]
    if absent:
        said = f"{place}: {table.fullname}.{absent[0]} must have a value and has no default"
        raise InitError("seed-column-missing", said)


def _names(names: Collection[str], table: Table) -> set[str]:
    columns = columns_of(table)
    return {columns[name].name for name in names}


def _exhaust(source: SeedSource) -> None:
    if is_csv(source):
        check_csv(source.name, source.file)
    else:
        deque(raw_rows(source), maxlen=0)
