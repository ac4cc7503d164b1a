"""Stores a batch of rows at once: those that exist exactly so are skipped, the others are inserted together.

What does not go so is left to `rows.apply_batch`, which knows every case and names the row that is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection, Table

from initdb.errors import InitError
from initdb.errors.driver import Verify, driver_error
from initdb.steps.seeds.batches import Batch
from initdb.steps.seeds.bulk_postgresql import OnPostgreSQL
from initdb.steps.seeds.bulk_sqlite import OnSQLite
from initdb.steps.seeds.copying import is_plain
from initdb.steps.seeds.model import OnConflict, SeedRow
from initdb.steps.seeds.parents import refuse_orphans
from initdb.steps.seeds.reading import converters
from initdb.steps.seeds.refusals import REFUSALS, is_refusal
from initdb.steps.seeds.row_values import Columns
from initdb.steps.seeds.rows import BatchCounts, apply_batch
from initdb.steps.seeds.tables import columns_of
from initdb.steps.seeds.typed import NotBulk

_OTHERWISE = ("42", "0A")
"""Classes of SQLSTATE: a statement of this module that the server, the table or the role does not allow."""


class Store(Protocol):
    """What a database does with the rows of one table. They are given as the values of each column."""

    @property
    def key(self) -> tuple[int, ...]:
        """Which of the columns make the natural key."""

    def encode(self, columns: Columns) -> Columns:
        """The values as they are sent. Raises NotBulk."""

    def insert(self, columns: Columns) -> bool:
        """Insert rows in the open savepoint. False if the database has left one of them out."""

    def present(self, columns: Columns) -> list[bool]:
        """Whether each row is stored exactly so."""


@dataclass(slots=True)
class Bulk:
    """Stores the batches of one source.

    Attributes:
        connection: In a transaction while a batch is stored.
        table: The table of the rows.
        key: The names of the natural key's columns.
        on_conflict: What happens to a row that exists.
        verify: Asks the database for the names in an error.
    """

    connection: Connection
    table: Table
    key: tuple[str, ...]
    on_conflict: OnConflict
    verify: Verify | None = None
    _names: tuple[str, ...] = ()
    _store: Store | None = None
    _expects: bool = False
    _text: bool = False

    def apply(self, batch: Batch) -> BatchCounts:
        """Store a batch, as `rows.apply_batch` does, with the same counts and errors.

        Args:
            batch: The rows.
        """
        if not len(batch):
            return BatchCounts()
        try:
            return self._together(batch)
        except NotBulk:
            return self._one_by_one(batch.rows(self.table))

    def _one_by_one(self, rows: Sequence[SeedRow]) -> BatchCounts:
        return apply_batch(self.connection, self.table, rows, self.key, self.on_conflict, self.verify)

    def _together(self, batch: Batch) -> BatchCounts:
        names = batch.names
        if names is None:
            raise NotBulk
        store = self._store_for(names, batch.text)
        values = batch.columns()
        sent = store.encode(values)
        # In a key with a NULL, the database would see no conflict.
        if not all(all(values[at]) if batch.text else None not in values[at] for at in store.key):
            raise NotBulk
        tried = not self._expects
        if tried and self._insert(store, sent, names, values):
            return BatchCounts(created=len(batch))
        if self.on_conflict == "update" and not _differ([sent[at] for at in store.key], len(batch)):
            raise NotBulk
        there = store.present(sent)
        rest = [number for number, found in enumerate(there) if not found]
        skipped = BatchCounts(skipped=len(batch) - len(rest))
        self._expects = skipped.skipped > 0
        if not rest:
            return skipped
        if (self._expects or not tried) and self._insert(store, _of(sent, rest), names, _of(values, rest)):
            return skipped + BatchCounts(created=len(rest))
        every = batch.rows(self.table)
        return skipped + self._one_by_one([every[number] for number in rest])

    def _store_for(self, names: tuple[str, ...], text: bool) -> Store:
        if names != self._names:
            self._names, self._text = names, text
            self._store = _store_of(self.connection, self.table, self.key, names, text=text)
        if self._store is None:
            raise NotBulk
        return self._store

    def _insert(self, store: Store, sent: Columns, names: Sequence[str], values: Columns) -> bool:
        """Insert the rows, all or none."""
        errors = (*REFUSALS, InitError, self.connection.dialect.loaded_dbapi.Error)
        try:
            with self.connection.begin_nested():
                if not store.insert(sent):
                    raise NotBulk
                refuse_orphans(self.connection, self.table, self._referring(names, values))
        except NotBulk:
            return False
        except errors as error:  # COPY raises the driver's own
            if not isinstance(error, InitError) and not is_refusal(error) and not _is_otherwise(error):
                raise
            return False
        return True

    def _referring(self, names: Sequence[str], values: Columns) -> list[SeedRow]:
        """The references of the rows, each once."""
        columns = columns_of(self.table)
        refers = {name: column for name in names if (column := columns[name]).foreign_keys}
        if not refers:
            return []
        convert = converters(self.table, text=self._text)
        at = [names.index(name) for name in refers]
        combined = set(zip(*(values[number] for number in at), strict=True))
        keys = [column.key for column in refers.values()]
        made = ((convert[name](value) for name, value in zip(refers, row, strict=True)) for row in combined)
        return [SeedRow(dict(zip(keys, row, strict=True)), "") for row in made]


def _of(columns: Columns, rows: Sequence[int]) -> Columns:
    return [[column[number] for number in rows] for column in columns]


def _differ(keys: Columns, count: int) -> bool:
    """Whether no key is there twice."""
    return len(set(zip(*keys, strict=True))) == count


def _is_otherwise(error: BaseException) -> bool:
    found = driver_error(error)
    return found is not None and (found.sqlstate or "")[:2] in _OTHERWISE


def _store_of(
    connection: Connection, table: Table, key: Sequence[str], names: Sequence[str], *, text: bool
) -> Store | None:
    """What stores rows together; None if this table, these columns or this driver do not allow it."""
    known = columns_of(table)
    if not all(name in known for name in names):
        return None
    columns = [known[name] for name in names]
    if len(set(columns)) < len(columns) or not {known[name] for name in key} <= set(columns):
        return None
    kind = _STORES.get((connection.dialect.name, connection.dialect.driver))
    if kind is None or not key or not is_plain(table, columns):
        return None
    return kind.of(connection, table, [known[name] for name in key], columns, text=text)


_STORES: dict[tuple[str, str], type[OnSQLite] | type[OnPostgreSQL]] = {
    ("sqlite", "pysqlite"): OnSQLite,
    ("postgresql", "psycopg2"): OnPostgreSQL,
    ("postgresql", "psycopg"): OnPostgreSQL,
}
