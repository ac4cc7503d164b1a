"""seed: apply the pending sources in their order, one transaction and one event for each batch of rows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import islice

from sqlalchemy import Table

from initdb.errors import naming
from initdb.errors.driver import Verify
from initdb.events.payloads.work import SeedBatchApplied
from initdb.steps.catalog.existing import existing
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.context import Progress, StepContext
from initdb.steps.payload.elapsed import milliseconds
from initdb.steps.payload.remaining import pending_seeds
from initdb.steps.seeds import callables, identity
from initdb.steps.seeds.ledger import must_assume, position
from initdb.steps.seeds.model import SeedRow, SeedSource
from initdb.steps.seeds.reading import first_columns, is_csv, read_rows, refuse_changed
from initdb.steps.seeds.rows import BatchCounts, apply_batch, natural_key
from initdb.steps.seeds.tables import stored_table, table_of


@dataclass(frozen=True, slots=True)
class _Turn:
    """One source to apply. `waiting` and `after` are the names that are pending before and after its end."""

    ctx: StepContext
    source: SeedSource
    table: str | None
    waiting: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def verify(self) -> Verify:
        """Asks the database for the names in an error of a batch, when its savepoint is rolled back."""
        return existing(lambda: nullcontext(self.ctx.work))

    def commit(self, event: SeedBatchApplied) -> None:
        """Commit the open unit."""
        self.ctx.unit.commit(self.ctx.work, event)

    def said(
        self, started: float, counts: BatchCounts, rows: int, end: int, complete: bool = True
    ) -> SeedBatchApplied:
        """The event of a batch of `rows` rows, which ended before row `end` of the source."""
        return SeedBatchApplied(
            source=self.source.name,
            digest=self.source.digest,
            table=self.table,
            rows=rows,
            next=end,
            complete=complete,
            created=counts.created,
            skipped=counts.skipped,
            differing=counts.differing,
            updated=counts.updated,
            seeds_pending=self.after if complete else self.waiting,
            ms=milliseconds(started),
        )

    def names(self) -> dict[str, str]:
        return self.source.names

    def report(self, rows: int) -> None:
        self.ctx.report(Progress("seed", self.source.name, rows, 0))


def run(ctx: StepContext) -> None:
    """Apply the pending sources. Each batch of rows and each function is one unit with `seed_batch_applied`.

    After an error, the batches before it stay.

    Args:
        ctx: The step's context.

    Raises:
        InitError: `seed-rejected`, `seed-callable-failed`, and what `seeds.reading.read_rows` raises.
    """
    waiting = pending_seeds(ctx)
    for source in ctx.application.seeds:
        if source.name not in waiting:
            continue
        after = tuple(name for name in waiting if name != source.name)
        turn = _Turn(ctx, source, source.table, waiting, after)
        turn.report(0)
        with naming(turn.names):
            _apply(turn)
        waiting = after


def _apply(turn: _Turn) -> None:
    if must_assume(turn.source, turn.ctx.knowledge.adopted):
        _assume(turn)
    elif turn.source.kind == "python callable":
        _call(turn)
    elif turn.source.kind == "identity":
        _seed_identity(turn)
    else:
        _apply_rows(turn)


def _assume(turn: _Turn) -> None:
    started = time.perf_counter()
    with turn.ctx.unit.open(turn.ctx.work):
        turn.commit(replace(turn.said(started, BatchCounts(), 0, 0), assumed=True))


def _call(turn: _Turn) -> None:
    turn.ctx.back_up()
    started = time.perf_counter()
    with turn.ctx.unit.open(turn.ctx.work):
        made = callables.call(turn.source, turn.ctx.work, turn.verify)
        turn.commit(turn.said(started, BatchCounts(created=made), made, made))


def _seed_identity(turn: _Turn) -> None:
    turn.ctx.back_up()
    started = time.perf_counter()
    with turn.ctx.unit.open(turn.ctx.work):
        settings = turn.ctx.settings
        counts, tables, made = identity.apply(
            turn.ctx.work, settings.admin_password_file, must_change=settings.admin_password_must_change
        )
        rows = counts.created + counts.skipped
        turn.commit(replace(turn.said(started, counts, rows, rows), tables=tables, admin=made))


def _apply_rows(turn: _Turn) -> None:
    ctx, source = turn.ctx, turn.source
    refuse_changed(source)
    table = _table(ctx, source)
    named = _Turn(ctx, source, table.fullname, turn.waiting, turn.after)
    offset = position(ctx.knowledge.seeds, source)
    batches = _batches(read_rows(source, offset, table), ctx.settings.batch_size)
    batch = next(batches, ())
    key = _key(source, table, batch, offset)
    catalogue_of(ctx.work).refuse_strange((table,))
    ctx.back_up()
    while True:
        following = next(batches, ())
        started = time.perf_counter()
        with ctx.unit.open(ctx.work):
            counts = apply_batch(ctx.work, table, batch, key, source.on_conflict, turn.verify)
            offset += len(batch)
            named.commit(named.said(started, counts, len(batch), offset, complete=not following))
        named.report(offset)
        if not following:
            return
        batch = following


def _batches(rows: Iterator[SeedRow], size: int) -> Iterator[tuple[SeedRow, ...]]:
    while batch := tuple(islice(rows, size)):
        yield batch


def _key(source: SeedSource, table: Table, batch: tuple[SeedRow, ...], offset: int) -> tuple[str, ...]:
    """The natural key. The columns of the source's first row decide, so every batch has the same key."""
    columns = tuple(batch[0]) if batch and not offset and not is_csv(source) else None
    if columns is None and source.kind == "rows":
        columns = first_columns(source)
    return () if columns is None else natural_key(table, source.key, columns)


def _table(ctx: StepContext, source: SeedSource) -> Table:
    if ctx.application.metadata is not None:
        return table_of(source, ctx.application.metadata)
    try:
        return stored_table(source, ctx.work)
    finally:
        # The driver has begun a transaction to read the table; a unit begins its own.
        ctx.unit.rollback(ctx.work)
