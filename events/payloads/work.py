"""What the events of the steps say: what was found, made, applied, seeded, validated and repaired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from initdb.events.payloads.form import Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseInspected(Payload):
    """What inspection found.

    Args:
        tables, missing: of the application: those that are there, and those that are not.
        rows: of the version table.
        pending, seeds_pending: revisions and seed sources that are still to be applied.
        conflict: revisions of the journal that the version table has lost.
        outside: revisions that were applied by others.
        managed: whether a version row or the journal accounts for the tables.
        schema_from: the setting, as decided.
        started_over: there is neither a table nor a version row.
        leftovers: what an interrupted statement left behind.
        version_table, version_schema: where env.py said that its version table is; None where it was not
            asked.
    """

    type: ClassVar[str] = "database_inspected"

    tables: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    conflict: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    seeds_pending: tuple[str, ...] = ()
    managed: bool = False
    schema_from: str = ""
    started_over: bool = False
    leftovers: tuple[str, ...] = ()
    version_table: str | None = None
    version_schema: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed(Payload):
    """What every event says that changed the database.

    Args:
        heads: the version rows afterwards; None where they were not touched.
        seeds_pending: seed sources that are still to be applied.
        version_table, version_schema: where env.py says that its version table is.
        ms: how long it took, in ms.
    """

    heads: tuple[str, ...] | None = None
    seeds_pending: tuple[str, ...] = ()
    version_table: str | None = None
    version_schema: str | None = None
    ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned(Payload):
    """What an event of any type may say besides: warnings, one sentence each."""

    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaCreated(Changed):
    """The tables were created.

    Args:
        from_: models or base, as the setting `schema_from`.
        tables, indexes: those that were made.
        warnings: what could not be made, and the application can do without.
        pending: revisions that are still to be applied.
    """

    type: ClassVar[str] = "schema_created"

    from_: str
    tables: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaAdopted(Changed):
    """Tables that were there were taken over.

    Args:
        tables: which.
        pending: revisions that are still to be applied.
        marked: whether a person said so.
    """

    type: ClassVar[str] = "schema_adopted"

    tables: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    marked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationApplied(Changed):
    """One revision was applied.

    Args:
        revision, doc, file, digest: its id, its first line, its file's name and hash.
        down: the revisions that it follows.
        number, of: it is the `number`th of `of` that this run applies.
        pending: how many are still to be applied.
        found: statements of an interrupted try that had been carried out.
        memo: what Alembic has to remember until the next revision.
        marked: whether a person said that it is applied.
    """

    type: ClassVar[str] = "migration_applied"

    revision: str
    doc: str | None = None
    file: str | None = None
    digest: str | None = None
    down: tuple[str, ...] | None = None
    number: int | None = None
    of: int | None = None
    pending: int = 0
    found: tuple[str, ...] | None = None
    memo: Mapping[str, object] | None = None
    marked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationReverted(Changed):
    """One revision was rolled back.

    Args:
        revision, digest: its id and its file's hash.
        pending: revisions that are now to be applied.
    """

    type: ClassVar[str] = "migration_reverted"

    revision: str
    digest: str | None = None
    pending: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedBatchApplied(Changed):
    """A batch of a seed source was written.

    Args:
        source, digest: its name and the hash of its content.
        table: where to; several with commas between; None where a function does not say.
        rows: how many rows the batch has.
        next: the row, from 0, that the next batch begins with.
        complete: whether it was the last batch.
        created, updated, skipped, differing: rows that were made, changed, there already, and there with
            other values.
        assumed: it was not run, since nobody knows whether it was on adopted tables.
        tables: of the identity's rows: table → how many were made, and how many were there.
        admin: of the identity's administrator: where the password is from.
    """

    type: ClassVar[str] = "seed_batch_applied"

    source: str
    digest: str | None = None
    table: str | None = None
    rows: int = 0
    next: int = 0
    complete: bool = False
    created: int = 0
    updated: int = 0
    skipped: int = 0
    differing: int = 0
    assumed: bool = False
    tables: Mapping[str, tuple[int, int]] | None = None
    admin: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthValidated(Payload):
    """Everything was checked, and the database is ready.

    Args:
        checks: check → the worst severity of what it found, or "ok".
        warnings: what is no defect, one sentence each.
        ms: how long it took, in ms.
        code: part of the code → its hash: what was judged.
        catalog: the fingerprint of the catalogue that was checked.
        clock: the database's time, in s since 1970.
    """

    type: ClassVar[str] = "health_validated"

    checks: Mapping[str, object]
    warnings: tuple[str, ...] = ()
    ms: float | None = None
    code: Mapping[str, object] | None = None
    catalog: str | None = None
    clock: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DefectsFound(Payload):
    """Checking found what must be repaired.

    Args:
        checks, warnings, ms: as of `HealthValidated`.
        issues: as `initdb.steps.catalog.issue.Issue.data` gives them. A text is of another version.
    """

    type: ClassVar[str] = "defects_found"

    checks: Mapping[str, object]
    warnings: tuple[str, ...] = ()
    ms: float | None = None
    issues: tuple[Mapping[str, object] | str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairApplied(Changed):
    """What could be repaired without risk to data was repaired.

    Args:
        actions: what was done, one sentence each.
        tables: those that were made anew.
        defects: what remains.
        tolerated: the ids of what remains and the application can work with.
        warnings: the same, and what else is to be known, one sentence each.
        pending: revisions that are still to be applied.
        marked: whether a person said so.
    """

    type: ClassVar[str] = "repair_applied"

    actions: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    tolerated: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    marked: bool = False
