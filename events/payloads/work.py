"""What the events of the steps say: what was found, created, applied, seeded, validated and repaired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from initdb.events.payloads.form import Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseInspected(Payload):
    """What an inspection found.

    Args:
        tables: The application's tables that exist.
        missing: Its tables that do not exist.
        rows: The version rows.
        pending: The revisions that are still to be applied.
        conflict: The revisions that the journal has as applied and the version rows lack.
        outside: The revisions that others applied.
        seeds_pending: The seed sources that are still to be applied.
        managed: Whether a version row or the journal explains the tables.
        schema_from: The setting, as decided.
        started_over: Whether there is neither a table nor a version row.
        leftovers: What an interrupted statement left.
        version_table: The version table, as env.py names it; None if env.py was not asked.
        version_schema: Its schema.
        edited: File → hash, for the files that were edited since they were applied, and of which no event
            says so yet. The hash of a removed file is "".
        warnings: The same, one sentence each.
        there: How many tables there are, whoever's, besides the version table; None if that was not counted.
        bases: The revisions of the directory that follow no other; None if there are no revisions.
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
    edited: Mapping[str, object] | None = None
    warnings: tuple[str, ...] | None = None
    there: int | None = None
    bases: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed(Payload):
    """What every event says that changed the database.

    Args:
        heads: The version rows afterwards; None if they were not changed.
        seeds_pending: The seed sources that are still to be applied.
        version_table: The version table, as env.py names it.
        version_schema: Its schema.
        ms: How long it took, in milliseconds.
    """

    heads: tuple[str, ...] | None = None
    seeds_pending: tuple[str, ...] = ()
    version_table: str | None = None
    version_schema: str | None = None
    ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned(Payload):
    """What an event of any type may also say: warnings, one sentence each."""

    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaCreated(Changed):
    """The tables were created.

    Args:
        from_: "models" or "base", as the setting `schema_from`.
        tables: The tables that were created.
        indexes: The indexes that were created.
        warnings: What could not be created and the application can do without.
        pending: The revisions that are still to be applied.
    """

    type: ClassVar[str] = "schema_created"

    from_: str
    tables: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaAdopted(Changed):
    """Existing tables were taken over.

    Args:
        tables: The tables.
        pending: The revisions that are still to be applied.
        marked: Whether a person ordered it.
    """

    type: ClassVar[str] = "schema_adopted"

    tables: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    marked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationApplied(Changed):
    """One revision was applied.

    Args:
        revision: Its id.
        doc: Its first line.
        file: The name of its file.
        digest: The hash of its file.
        env_py: The hash of the env.py by which it ran.
        down: The revisions that it follows.
        number: Which of the run's revisions it is, from 1.
        of: How many revisions the run applies.
        pending: How many are still to be applied.
        found: The statements of an interrupted run that were found to be done.
        memo: What Alembic has to remember until the next revision.
        marked: Whether a person said that it is applied.
    """

    type: ClassVar[str] = "migration_applied"

    revision: str
    doc: str | None = None
    file: str | None = None
    digest: str | None = None
    env_py: str | None = None
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
        revision: Its id.
        digest: The hash of its file.
        env_py: The hash of the env.py by which it ran.
        pending: The revisions that are now to be applied.
    """

    type: ClassVar[str] = "migration_reverted"

    revision: str
    digest: str | None = None
    env_py: str | None = None
    pending: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedBatchApplied(Changed):
    """A batch of a seed source was written.

    Args:
        source: The name of the source.
        digest: The hash of its content.
        table: The table; several with commas; None if a function does not say.
        rows: How many rows the batch has.
        next: The row, from 0, with which the next batch begins.
        complete: Whether it was the last batch.
        created: How many rows were created.
        updated: How many rows were updated.
        skipped: How many rows existed.
        differing: How many of those have other values.
        assumed: Whether it was not run, because nobody knows whether it had run on adopted tables.
        tables: Of the identity schema: table → how many rows were created, and how many existed.
        admin: Of the identity schema's admin: the origin of the password.
        bytes: Of a CSV file: how many of its bytes are read.
        line: The number of the line that follows, from 1.
        upto: The hash of these bytes.
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
    bytes: int | None = None
    line: int | None = None
    upto: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthValidated(Payload):
    """Everything was checked, and the database is ready.

    Args:
        checks: Check → the worst severity of its issues, or "ok".
        warnings: What is no defect, one sentence each.
        ms: How long it took, in milliseconds.
        code: Part of the code → its hash, of the code that was judged.
        catalog: The fingerprint of the catalogue that was checked.
        clock: The database's time, in seconds since 1970.
        env_py: The hash of env.py, if there is one.
        told_stamped: Whether a warning says that the revisions of this database were only stamped.
    """

    type: ClassVar[str] = "health_validated"

    checks: Mapping[str, object]
    warnings: tuple[str, ...] = ()
    ms: float | None = None
    code: Mapping[str, object] | None = None
    catalog: str | None = None
    clock: float | None = None
    env_py: str | None = None
    told_stamped: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DefectsFound(Payload):
    """The checks found what must be repaired.

    Args:
        checks: As in `HealthValidated`.
        warnings: As in `HealthValidated`.
        ms: As in `HealthValidated`.
        issues: What `initdb.steps.catalog.issue.Issue.data` returned. A text is of another version.
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
        actions: What was done, one sentence each.
        tables: The tables that were created again.
        defects: What remains.
        tolerated: The ids of what remains and the application can work with.
        warnings: The same, and what else a person should know, one sentence each.
        pending: The revisions that are still to be applied.
        marked: Whether a person ordered it.
    """

    type: ClassVar[str] = "repair_applied"

    actions: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    tolerated: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    marked: bool = False
