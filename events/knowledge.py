"""What a journal says once it has been folded: plain data, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Applied:
    """One revision that stands in the database, as the journal knows it."""

    revision: str
    digest: str | None
    run: str
    at: str
    by: Mapping[str, Any] = field(default_factory=dict)
    marked: bool = False


@dataclass(frozen=True, slots=True)
class SeedRecord:
    """One seed source in the ledger: the contents completed so far, and how far the one begun has come."""

    source: str
    table: str | None = None
    complete: frozenset[str] = frozenset()
    partial: str | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The last run: who made it, why it began and how it ended (None while it has not).

    `during`: the work in the middle of which a signal stopped it. `reverted`: what it reverted, and the
    interrupted or failed runs of the same reason just before it.
    """

    run: str
    seq: int
    at: str
    by: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    work: Mapping[str, Any] = field(default_factory=dict)
    code: Mapping[str, str] = field(default_factory=dict)
    ended: str | None = None
    during: str | None = None
    reverted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that failed: the error as rendered, the code that met it and the database it met it on."""

    seq: int
    step: str
    at: str
    error: Mapping[str, Any]
    code: Mapping[str, str]
    attempt: int = 1
    clock: float = 0.0
    run: str = ""
    by: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What code of one fingerprint has concluded since the database last changed: ready, or a failure."""

    code: Mapping[str, str]
    failure: Failure | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Doubt:
    """A step that said it could not be transactional and has not said that it ended.

    `done`: marks of the statements that it had sent before, None where it cannot be repeated; `xid`: the
    transaction that said so first, on PostgreSQL.
    """

    step: str
    subject: str
    seq: int
    digest: str | None = None
    done: tuple[str, ...] | None = None
    xid: str | None = None


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything that is derived from the journal; equal journals give equal knowledge.

    `judgements`: what code has concluded since the database last changed, on the catalogue `catalog`.
    `tries`: runs begun by the last run's code since anything was done; `crashes`: how many of the runs just
    before it were cut off, killed or stopped by a signal. `managed`: initdb made, adopted or migrated the
    schema. `version`: the highest of any event.
    """

    seq: int = 0
    hash: str = "0" * 64
    state: str = "unknown"
    journal: str | None = None
    application: str | None = None
    heads: tuple[str, ...] = ()
    applied: Mapping[str, Applied] = field(default_factory=dict)
    held: Mapping[str, str | None] = field(default_factory=dict)
    seeds: Mapping[str, SeedRecord] = field(default_factory=dict)
    judgements: tuple[Judgement, ...] = ()
    catalog: str | None = None
    managed: bool = False
    adopted: bool = False
    last_run: RunRecord | None = None
    last_type: str | None = None
    last_at: str | None = None
    last_data: Mapping[str, Any] = field(default_factory=dict)
    tries: int = 0
    crashes: int = 0
    doubt: Doubt | None = None
    retry: frozenset[str] = frozenset()
    memo: Mapping[str, Any] = field(default_factory=dict)
    version_table: str | None = None
    version_schema: str | None = None
    notes: frozenset[str] = frozenset()
    version: int = 1
