"""What stores many rows at once in tests, and the files that it reads."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import count as count_from
from pathlib import Path

from sqlalchemy import (
    Connection,
    Table,
)

from initdb.steps.seeds.batches import Batch
from initdb.steps.seeds.bulk import Bulk
from initdb.steps.seeds.model import OnConflict, SeedSource
from initdb.steps.seeds.rows import BatchCounts
from initdb.steps.seeds.sources import discover

_NUMBERS = count_from()


def written(folder: Path, table: Table, header: list[str], cells: list[tuple[str, ...]]) -> SeedSource:
    """A CSV file of a table."""
    content = io.StringIO(newline="")
    csv.writer(content).writerows([header, *cells])
    path = folder / f"{next(_NUMBERS)}_{table.name}.csv"
    path.write_text(content.getvalue(), encoding="utf-8", newline="")
    return discover(path, folder=folder)[0]


def together(
    work: Connection,
    table: Table,
    key: tuple[str, ...],
    batches: Iterator[Batch] | list[Batch],
    on_conflict: OnConflict = "skip",
) -> BatchCounts:
    """Store the batches of a source at once each."""
    bulk = Bulk(work, table, key, on_conflict)
    return sum((bulk.apply(batch) for batch in batches), BatchCounts())
