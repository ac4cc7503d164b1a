"""What the fold computes from a journal: plain data, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Applied:
    """One applied revision, as the journal knows it."""

    revision: str
    digest: str | None
    run: str
    at: str
    by: Mapping[str, Any] = field(default_factory=dict)
    marked: bool = False
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a seed file was read: a place between two of its rows.

    Attributes:
        rows: How many rows are before it.
        bytes: How many bytes.
        line: The number of the line that follows, from 1.
        digest: The SHA-256 of these bytes.
    """

    rows: int
    bytes: int
    line: int
    digest: str


@dataclass(frozen=True, slots=True)
class SeedRecord:
    """One seed source in the ledger.

    Attributes:
        source: Its name.
        table: The table that it fills.
        complete: The hashes of the contents that are applied completely.
        partial: The hash of the content that is applied in part.
        offset: The row, from 0, at which that goes on.
        digest: The hash of the content that was completely applied last.
        at: When that was.
        mark: How far its file was applied last; None if it is no CSV file.
    """

    source: str
    table: str | None = None
    complete: frozenset[str] = frozenset()
    partial: str | None = None
    offset: int = 0
    digest: str | None = None
    at: str | None = None
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The last run.

    Attributes:
        run: Its id.
        seq: The number of its first entry.
        at: When it began.
        by: The process.
        reason: Why it began.
        work: Its sessions, as of `RunStarted`.
        code: Part → hash, of the code of its process.
        ended: How it ended; None if it has not.
        during: The work that a signal interrupted.
        reverted: The revisions that it rolled back, with those of the interrupted or failed runs of the same
            reason just before it.
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
    """A step that failed: the error as it was rendered, the code of the process, and the database's time."""

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
    """What code of one fingerprint has concluded since the database last changed: ready, or a failure.

    `env_py` is the hash of its env.py, if it concluded that the database is ready.
    """

    code: Mapping[str, str]
    failure: Failure | None = None
    warnings: tuple[str, ...] = ()
    env_py: str | None = None


@dataclass(frozen=True, slots=True)
class LastReady:
    """When the database was validated last, and the hash of the env.py of the process that did it."""

    at: str
    env_py: str | None = None


@dataclass(frozen=True, slots=True)
class Backup:
    """The backup from before the last changes: the first one since the database was ready.

    Attributes:
        place: Its file; or "by" and the command that keeps it elsewhere.
        at: When it was complete.
        is_past: Whether the database was ready since then.
    """

    place: str
    at: str
    is_past: bool = False


@dataclass(frozen=True, slots=True)
class Doubt:
    """A step that left its transaction, and did not say that it ended.

    Attributes:
        step: "migrate" or "roll_back".
        subject: The revision.
        seq: The number of the entry.
        digest: The hash of the revision's file.
        done: Marks of the statements that it had sent before; None if it cannot be repeated.
        xid: The transaction that first recorded it, on PostgreSQL.
        block: Marks of the statements that it began in the block; None if they were not recorded one by one.
    """

    step: str
    subject: str
    seq: int
    digest: str | None = None
    done: tuple[str, ...] | None = None
    xid: str | None = None
    block: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything that is derived from the journal. Equal journals give equal knowledge.

    Attributes:
        seq: The number of the last entry.
        hash: Its hash.
        state: The state of the machine.
        journal: The id of the journal.
        application: Its owner.
        heads: The version rows, as the last event says.
        applied: The applied revisions.
        held: Revision → hash of its file, for those that were rolled back.
        seeds: The ledger of seeds.
        judgements: What code has concluded since the database last changed.
        catalog: The hash of the catalogue that the judgements are about.
        managed: Whether initdb created, adopted or migrated the tables.
        adopted: Whether tables were taken over that others made, and not validated since.
        last_run: The last run.
        last_type: The type of the last event.
        last_at: When it was written.
        last_data: What it says.
        tries: How many runs of the last run's code have begun since the last progress.
        crashes: How many of the runs just before it were killed, cut off, or stopped by a signal.
        doubt: The revision in doubt, if there is one.
        retry: The revisions that a person ordered to retry.
        memo: What Alembic has to remember until the next revision.
        version_table: The version table, as env.py last named it.
        version_schema: Its schema.
        bases: The first revisions of the directory that the journal is about.
        last_ready: The last validation without a defect, whatever happened since.
        told: File → hash, for the edits that an inspection has recorded. The hash of a removed file is "".
        accepted: The same, for the edits that a person has accepted.
        notes: The ids of the notes that were taken from a spool.
        inventory: The number of the entry with the inventory of the last ready database; None if the schema
            was changed since.
        stamped: The version rows that were only stamped, since the models made the tables. None is left once
            a person was told.
        backed_up: Whether the next change needs no backup: there is one, or there was nothing to lose.
        backup: The backup from before the last changes; None if none was made.
        version: The highest version of any event.
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
    bases: frozenset[str] = frozenset()
    last_ready: LastReady | None = None
    told: Mapping[str, str] = field(default_factory=dict)
    accepted: Mapping[str, str] = field(default_factory=dict)
    notes: frozenset[str] = frozenset()
    inventory: int | None = None
    stamped: tuple[str, ...] = ()
    backed_up: bool = False
    backup: Backup | None = None
    version: int = 1
