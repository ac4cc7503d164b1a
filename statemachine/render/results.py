"""The results of the public API, with the fields of the design document."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class InitializationResult:
    """How an initialization ended. `errors` as rendered; `duration` in s; `database_type` "sqlite" or
    "postgresql".

    `outcome` is the ending's name: ready, failed, held, ahead, pending, busy, running, stopped or done;
    `exit_code` what the command line would exit with.
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
    """What validation found. `severity`: the worst issue's, 'info' where there is none."""

    valid: bool
    issues: list[str]
    suggestions: list[str]
    severity: str


@dataclass
class MigrationResult:
    """What migrating did. `rollback_performed`: the failed revision left nothing behind."""

    success: bool
    migrations_applied: list[str]
    failed_migration: str | None = None
    error_message: str | None = None
    rollback_performed: bool = False


@dataclass
class SeedingResult:
    """Rows by table: created, and skipped because they were there."""

    success: bool
    records_created: dict[str, int] = field(default_factory=dict)
    records_skipped: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


@dataclass
class RepairResult:
    """What was repaired, what could not be and what to do about it; `duration` in s."""

    success: bool
    repaired: list[str]
    not_repaired: list[str]
    suggestions: list[str]
    errors: list[str]
    duration: float
