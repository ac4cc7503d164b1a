"""The ledger of seeds: what the events `seed_batch_applied` say about each source. Its functions are pure.

The fold and the step share these rules: how an event changes a record, which sources are still to be applied,
and where an interrupted source goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from initdb.events.knowledge import Mark, SeedRecord
from initdb.events.payloads.work import SeedBatchApplied
from initdb.steps.seeds.model import SeedSource


def seeds_pending(
    records: Mapping[str, SeedRecord], sources: Iterable[SeedSource], recreated: Collection[str] = ()
) -> tuple[str, ...]:
    """The names of the sources that are still to be applied, in their order.

    A source is applied if its present content is complete in its record.

    Args:
        records: The ledger.
        sources: The application's sources, in their order.
        recreated: Tables that were created again. A source that fills one of them is pending again.
    """
    known = forget(records, recreated)
    return tuple(
        source.name
        for source in sources
        if source.name not in known or source.digest not in known[source.name].complete
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a source goes on.

    Attributes:
        mark: There, if the file still begins with what is before the mark.
        row: Else at this row, from 0.
        added: Whether the mark is of another content of the file.
    """

    mark: Mark | None = None
    row: int = 0
    added: bool = False


def position(records: Mapping[str, SeedRecord], source: SeedSource) -> Place:
    """Where a source goes on, if it was interrupted, or if rows were only added at its end.

    Rows that a function yields always begin at 0, since another process may get them in another order. Rows
    that exist are found by their key.

    Args:
        records: The ledger.
        source: The source.
    """
    record = records.get(source.name)
    if record is None or source.kind != "rows":
        return Place()
    interrupted = record.partial == source.digest
    return Place(record.mark, record.offset if interrupted else 0, added=not interrupted)


def must_assume(source: SeedSource, adopted: bool) -> bool:
    """Whether the source is recorded as applied without being run.

    On an adopted database nobody knows whether a callable without a key has already run.

    Args:
        source: The source.
        adopted: Whether the database was adopted.
    """
    return adopted and source.kind == "python callable" and not source.key


def record(before: SeedRecord | None, said: SeedBatchApplied, at: str | None = None) -> SeedRecord:
    """A source's record after an event.

    Args:
        before: The record before the event, if there was one.
        said: What the event says.
        at: When it was.
    """
    known, digest = before or SeedRecord(said.source), said.digest
    known = replace(known, table=said.table or known.table, mark=_mark(said))
    if not said.complete:
        return replace(known, partial=digest, offset=said.next)
    begun = known.partial not in (None, digest)
    return replace(
        known,
        complete=known.complete | {str(digest)},
        partial=known.partial if begun else None,
        offset=known.offset if begun else 0,
        digest=digest,
        at=at,
    )


def forget(records: Mapping[str, SeedRecord], tables: Collection[str]) -> Mapping[str, SeedRecord]:
    """The records without those of sources that fill a table which was created again and is empty.

    Args:
        records: The ledger.
        tables: The tables that were created again.
    """
    return {name: known for name, known in records.items() if not _filled(known) & set(tables)}


def _filled(known: SeedRecord) -> set[str]:
    """The tables that a source fills. A record lists several of them with commas."""
    return set((known.table or "").split(", ")) - {""}


def _mark(said: SeedBatchApplied) -> Mark | None:
    if said.bytes is None or said.line is None or said.upto is None:
        return None
    return Mark(said.next, said.bytes, said.line, said.upto)
