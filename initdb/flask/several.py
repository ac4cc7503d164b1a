"""Joins the results of the databases of one application: each text gets the name of its database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from initdb.statemachine.render.results import InitializationResult, RepairResult, ValidationResult
from initdb.steps.drift import SEVERITIES

Result = TypeVar("Result")
Found = Sequence[tuple[str | None, Result]]
"""The results in the order of the databases, each with its name. The first one has the name None."""


def joined_results(found: Found[InitializationResult]) -> InitializationResult:
    """The outcome is that of the first database that did not become ready."""
    last = next((one for _, one in found if not one.success), found[0][1])
    return InitializationResult(
        success=last.success,
        steps_completed=_named(found, "steps_completed"),
        errors=_named(found, "errors"),
        warnings=_named(found, "warnings"),
        duration=sum(one.duration for _, one in found),
        database_type=last.database_type,
        outcome=last.outcome,
        exit_code=last.exit_code,
    )


def joined_validations(found: Found[ValidationResult]) -> ValidationResult:
    """Valid if all are valid; as severe as the worst."""
    return ValidationResult(
        valid=all(one.valid for _, one in found),
        issues=_named(found, "issues"),
        suggestions=_named(found, "suggestions"),
        severity=max((one.severity for _, one in found), key=list[str](SEVERITIES).index),
    )


def joined_repairs(found: Found[RepairResult]) -> RepairResult:
    """Successful if all are."""
    return RepairResult(
        success=all(one.success for _, one in found),
        repaired=_named(found, "repaired"),
        not_repaired=_named(found, "not_repaired"),
        suggestions=_named(found, "suggestions"),
        errors=_named(found, "errors"),
        duration=sum(one.duration for _, one in found),
    )


def _named(found: Found[Result], field: str) -> list[str]:
    return [f"{name}: {text}" if name else text for name, one in found for text in getattr(one, field)]
