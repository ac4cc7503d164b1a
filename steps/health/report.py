"""What a validation found."""

from __future__ import annotations

from dataclasses import dataclass

from initdb.steps.catalog.issue import Issue, Severity, defects, worst


@dataclass(frozen=True, slots=True)
class Check:
    """One check that was made: its name, the number of issues that it found, and the worst severity."""

    name: str
    issues: int
    severity: Severity


@dataclass(frozen=True, slots=True)
class Health:
    """The checks that were made, and their issues in the order of the checks."""

    issues: tuple[Issue, ...] = ()
    checks: tuple[Check, ...] = ()

    @property
    def defects(self) -> tuple[Issue, ...]:
        """The issues that keep the database from being ready."""
        return defects(self.issues)

    @property
    def warnings(self) -> tuple[Issue, ...]:
        """The issues of severity "warning". A ready database may have them."""
        return tuple(issue for issue in self.issues if issue.severity == "warning")

    def with_check(self, name: str, found: tuple[Issue, ...]) -> Health:
        """These checks and one more.

        Args:
            name: The name of the check.
            found: What it found.
        """
        return Health((*self.issues, *found), (*self.checks, Check(name, len(found), worst(found))))
