"""seed: apply the pending sources in their order, one transaction and one event for each batch of rows."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, replace

from sqlalchemy import Table, literal_column, select

from initdb.errors import naming
from initdb.errors.driver import Verify
from initdb.events.knowledge import Mark
from initdb.events.payloads.work import SeedBatchApplied
from initdb.steps.catalog.existing import existing
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.context import Progress, StepContext
from initdb.steps.payload.elapsed import milliseconds
from initdb.steps.payload.remaining import pending_seeds
from initdb.steps.seeds import callables, identity
from initdb.steps.seeds.batches import Batch, batches_of
from initdb.steps.seeds.bulk import Bulk
from initdb.steps.seeds.csv_marks import begins_with
from initdb.steps.seeds.keys import natural_key
from initdb.steps.seeds.ledger import Place, must_assume, position
from initdb.steps.seeds.model import SeedSource
from initdb.steps.seeds.reading import first_columns, is_csv, refuse_changed
from initdb.steps.seeds.rows import BatchCounts
from initdb.steps.seeds.tables import refuse_unknown, stored_table, table_of


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
    table = _table(ctx, source)
    named = _Turn(ctx, source, table.fullname, turn.waiting, turn.after)
    place = _begin(ctx, source, table)
    if place.mark is None:
        refuse_changed(source)
    batches = batches_of(source, ctx.settings.batch_size, place.row, place.mark)
    batch = next(batches, None)
    offset = place.mark.rows if place.mark else place.row
    bulk = Bulk(ctx.work, table, _key(source, table, batch, offset), source.on_conflict, turn.verify)
    catalogue_of(ctx.work).refuse_strange((table,))
    ctx.back_up()
    while True:
        following = next(batches, None)
        started = time.perf_counter()
        with ctx.unit.open(ctx.work):
            counts = BatchCounts() if batch is None else bulk.apply(batch)
            offset += 0 if batch is None else len(batch)
            said = named.said(started, counts, len(batch or ()), offset, complete=not following)
            mark = place.mark if batch is None else batch.mark
            named.commit(said if mark is None else _up_to(said, mark))
        named.report(offset)
        if following is None:
            return
        batch = following


def _up_to(said: SeedBatchApplied, mark: Mark) -> SeedBatchApplied:
    return replace(said, bytes=mark.bytes, line=mark.line, upto=mark.digest)


def _begin(ctx: StepContext, source: SeedSource, table: Table) -> Place:
    """Where the source goes on. What is before that place was applied, and the file has it still."""
    place = position(ctx.knowledge.seeds, source)
    if place.mark is None or not is_csv(source):
        return Place(row=place.row)
    if place.added and (ctx.settings.seed_rows == "all" or _is_empty(ctx, table)):
        return Place()
    return Place(mark=place.mark) if begins_with(source.file, place.mark) else Place(row=place.row)


def _is_empty(ctx: StepContext, table: Table) -> bool:
    """Whether the table has no row: then nothing is left of what was applied."""
    try:
        return ctx.work.execute(select(literal_column("1")).select_from(table).limit(1)).first() is None
    finally:
        ctx.unit.rollback(ctx.work)


def _key(source: SeedSource, table: Table, batch: Batch | None, offset: int) -> tuple[str, ...]:
    """The natural key. The columns of the source's first row decide, so every batch has the same key."""
    columns = batch.first_names() if batch is not None and (not offset or is_csv(source)) else None
    if columns is None and source.kind == "rows":
        columns = first_columns(source)
    if columns is None:
        return ()
    # Whoever mistyped a column is told that, and not what follows from it.
    refuse_unknown(f"{source.name} line 1" if is_csv(source) else source.name, columns, table)
    return natural_key(table, source.key, columns)


def _table(ctx: StepContext, source: SeedSource) -> Table:
    if ctx.application.metadata is not None:
        return table_of(source, ctx.application.metadata)
    try:
        return stored_table(source, ctx.work)
    finally:
        # The driver has begun a transaction to read the table; a unit begins its own.
        ctx.unit.rollback(ctx.work)
