"""The results of the public API."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class InitializationResult:
    """How an initialization ended.

    Attributes:
        success: Whether the application may serve.
        steps_completed: What was done, one sentence each.
        errors: The failure, as a terminal shows it; empty if there is none.
        warnings: What a person should know, although nothing failed.
        duration: In seconds.
        database_type: "sqlite" or "postgresql".
        outcome: "ready", "failed", "held", "ahead", "pending", "busy", "running", "stopped" or "done".
        exit_code: The exit code that the command line would have.
    """

    success: bool
    steps_completed: list[str]
    errors: list[str]
    warnings: list[str]
    duration: float
    database_type: str
    outcome: str = "ready"
    exit_code: int = 0


@dataclass
class ValidationResult:
    """What a validation found.

    Attributes:
        valid: Whether no issue keeps the database from being ready.
        issues: One sentence for each issue.
        suggestions: What to do about them.
        severity: That of the worst issue: "info", "warning", "error" or "critical".
    """

    valid: bool
    issues: list[str]
    suggestions: list[str]
    severity: str


@dataclass
class MigrationResult:
    """What became of the revisions.

    Attributes:
        success: Whether all revisions are applied.
        migrations_applied: The ids of the revisions that were applied now, in order.
        failed_migration: The id of the revision that failed.
        error_message: The failure, as a terminal shows it.
        rollback_performed: Whether the revision that failed left nothing behind.
    """

    success: bool
    migrations_applied: list[str]
    failed_migration: str | None = None
    error_message: str | None = None
    rollback_performed: bool = False


@dataclass
class SeedingResult:
    """What became of the seeds.

    Attributes:
        success: Whether all seeds are applied.
        records_created: Table → how many rows were created.
        records_skipped: Table → how many rows were there before.
        errors: The failure, as a terminal shows it; empty if there is none.
    """

    success: bool
    records_created: dict[str, int] = field(default_factory=dict)
    records_skipped: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


@dataclass
class RepairResult:
    """What was repaired.

    Attributes:
        success: Whether the database is ready now.
        repaired: What was repaired, one sentence each.
        not_repaired: What could not be repaired.
        suggestions: What to do about it.
        errors: The failure, as a terminal shows it; empty if there is none.
        duration: In seconds.
    """

    success: bool
    repaired: list[str]
    not_repaired: list[str]
    suggestions: list[str]
    errors: list[str]
    duration: float
