"""Stores a batch of rows: finds those that exist by their natural key, and inserts the rest.

If two rows of a batch have the same key, the later one is treated as if the earlier one were stored already.
So a file gives the same rows and counts, however it is cut into batches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Connection, Table, select, update

from initdb.errors import InitError
from initdb.errors.classify import VALUES
from initdb.errors.driver import Verify
from initdb.steps.seeds.inserting import insert_rows
from initdb.steps.seeds.keys import natural_key
from initdb.steps.seeds.matching import Forms, Identity, Stored, differs, find, forms, identity, is_row
from initdb.steps.seeds.model import OnConflict, SeedRow
from initdb.steps.seeds.parents import refuse_orphans
from initdb.steps.seeds.refusals import REFUSALS, code_of, is_refusal, reason
from initdb.steps.seeds.tables import columns_of, refuse_unknown

__all__ = ["BatchCounts", "apply_batch", "natural_key"]


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """How many rows were created, skipped and updated, and how many skipped rows differ from the seed's."""

    created: int = 0
    skipped: int = 0
    differing: int = 0
    updated: int = 0

    def __add__(self, other: BatchCounts) -> BatchCounts:
        return BatchCounts(
            self.created + other.created,
            self.skipped + other.skipped,
            self.differing + other.differing,
            self.updated + other.updated,
        )


@dataclass(frozen=True, slots=True)
class _Target:
    """Where the rows go, and what identifies them there."""

    connection: Connection
    table: Table
    key: tuple[Column[object], ...]
    forms: Forms
    on_conflict: OnConflict
    verify: Verify | None

    def who(self, row: Stored) -> Identity:
        return identity(row, self.key, self.forms)


class _UnlikeTheDatabase(ValueError):
    """Two keys are the same for the database, because of its collation or padding, and differ here."""


def apply_batch(  # noqa: PLR0913, PLR0917 - what one batch is made of
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, object]],
    key: Sequence[str],
    on_conflict: OnConflict = "skip",
    verify: Verify | None = None,
) -> BatchCounts:
    """Insert the rows whose key is not in the table, and skip or update the others.

    Args:
        connection: In a transaction. The work is done in a SAVEPOINT; on an error the caller rolls back.
        table: The table that the rows are for.
        rows: By column name, as `read_rows` converts them for the table.
        key: The names of the natural key's columns.
        on_conflict: What to do with a row that exists.
        verify: Asks the database for the names in an error of its own.

    Raises:
        InitError: `seed-rejected`, with the place of the row that the database refuses;
            `seed-column-unknown`; `seed-column-missing` and `seed-key-missing`, if a row lacks its key or has
            no value in it.
        Exception: Any other error of the driver.
    """
    if not rows:
        return BatchCounts()
    columns = columns_of(table)
    keys = tuple(columns[name] for name in key)
    target = _Target(connection, table, keys, forms(table, connection.dialect), on_conflict, verify)
    batch = [_resolved(row, number, columns, target) for number, row in enumerate(rows, 1)]
    try:
        with connection.begin_nested():
            return _together(target, batch)
    except (*REFUSALS, connection.dialect.loaded_dbapi.Error) as error:  # COPY raises the driver's own
        if not is_refusal(error):
            raise
    return _one_by_one(target, batch)


def _resolved(
    row: Mapping[str, object], number: int, columns: Mapping[str, Column[object]], target: _Target
) -> SeedRow:
    """The row by column key, checked to have a value in its natural key."""
    place = row.place if isinstance(row, SeedRow) else f"row {number}"
    refuse_unknown(place, row, target.table)
    found = SeedRow({columns[name].key: value for name, value in row.items()}, place)
    for column in target.key:
        if column.key not in found:
            raise InitError(
                "seed-column-missing", f"{place}: it has no {column.name}, which belongs to the key"
            )
    if all(found[column.key] is None for column in target.key):
        names = ", ".join(column.name for column in target.key)
        raise InitError(
            "seed-key-missing", f"{place}: its key ({names}) is empty, so it cannot be recognized"
        )
    return found


def _together(target: _Target, batch: Sequence[SeedRow]) -> BatchCounts:
    wanted = {target.who(row): tuple(row[column.key] for column in target.key) for row in batch}
    stored: dict[Identity, Stored] = {}
    for row in find(target.connection, _compared(target, batch), target.key, wanted.values()):
        if target.who(row) not in wanted:
            raise _UnlikeTheDatabase
        stored.setdefault(target.who(row), row)
    new, changed, counts = _sorted_out(target, batch, stored)
    insert_rows(target.connection, target.table, new)
    for row in changed:
        _update(target, row)
    refuse_orphans(target.connection, target.table, [*new, *changed])
    return counts


def _sorted_out(
    target: _Target, batch: Sequence[SeedRow], stored: Mapping[Identity, Stored]
) -> tuple[list[SeedRow], list[SeedRow], BatchCounts]:
    """The rows to insert, the rows to update with, and the counts. Pure."""
    known = dict(stored)
    new: dict[Identity, SeedRow] = {}
    changed: list[SeedRow] = []
    skipped = differing = updated = 0
    for row in batch:
        who = target.who(row)
        if who not in known:
            known[who] = new[who] = row
        elif not differs(row, known[who], target.key, target.forms):
            skipped += 1
        elif target.on_conflict == "skip":
            skipped, differing = skipped + 1, differing + 1
        else:
            updated += 1
            merged = SeedRow({**known[who], **row}, row.place)
            known[who] = merged
            if who in new:
                new[who] = merged
            else:
                changed.append(row)
    return list(new.values()), changed, BatchCounts(len(new), skipped, differing, updated)


def _compared(target: _Target, batch: Sequence[SeedRow]) -> list[Column[object]]:
    names = {name for row in batch for name in row}
    return [column for column in target.table.columns if column.key in names]


def _one_by_one(target: _Target, batch: Sequence[SeedRow]) -> BatchCounts:
    """Store row by row. The database itself compares the keys, and it is known which row it refuses."""
    total, written, at = BatchCounts(), list[SeedRow](), batch[0]
    try:
        with target.connection.begin_nested():
            for at in batch:
                counts = _alone(target, at)
                total += counts
                if counts.created or counts.updated:
                    written.append(at)
    except REFUSALS as error:
        if not is_refusal(error):
            raise
        raise _refused(target, at, error) from None  # the text of the cause repeats the whole row
    refuse_orphans(target.connection, target.table, written)
    return total


def _refused(target: _Target, row: SeedRow, error: Exception) -> InitError:
    """The error for a row. The savepoint is rolled back, so the database can be asked for names."""
    said = f"{row.place}: {target.table.fullname}: {reason(error, target.verify)}"
    database = target.connection.dialect.name
    refused = InitError("seed-rejected", said, database=database, sqlstate=code_of(error))
    return refused.with_advice(VALUES.format("resume"))


def _alone(target: _Target, row: SeedRow) -> BatchCounts:
    columns = _compared(target, [row])
    condition = is_row(target.key, tuple(row[column.key] for column in target.key))
    found = target.connection.execute(select(*columns).where(condition).limit(1)).first()
    if found is None:
        insert_rows(target.connection, target.table, [row])
        return BatchCounts(created=1)
    return _met(target, row, dict(zip((column.key for column in columns), found, strict=True)))


def _met(target: _Target, row: SeedRow, stored: Stored) -> BatchCounts:
    if not differs(row, stored, target.key, target.forms):
        return BatchCounts(skipped=1)
    if target.on_conflict == "skip":
        return BatchCounts(skipped=1, differing=1)
    _update(target, row)
    return BatchCounts(updated=1)


def _update(target: _Target, row: SeedRow) -> None:
    keys = {column.key for column in target.key}
    values = {name: value for name, value in row.items() if name not in keys}
    condition = is_row(target.key, tuple(row[column.key] for column in target.key))
    target.connection.execute(update(target.table).where(condition).values(values))
