"""What a validation found."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import islice

from initdb.steps.catalog.issue import Issue, Severity, defects, worst
from initdb.steps.health.inventory import Inventory


@dataclass(frozen=True, slots=True)
class Before:
    """What the journal says that decides how severe an issue is.

    Attributes:
        pending: The names of the seed sources that the ledger does not have as complete.
        tolerated: The ids of issues that a repair could not fix and that the application can work with. They
            are warnings.
        inventory: Of the last ready database. It tells something lost from something that was never made.
    """

    pending: Collection[str] = ()
    tolerated: Collection[str] = ()
    inventory: Inventory | None = None


NOTHING = Before()
"""The journal says nothing."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check that was made: its name, the number of issues that it found, and the worst severity."""

    name: str
    issues: int
    severity: Severity


@dataclass(frozen=True, slots=True)
class Health:
    """The checks that were made, and their issues in the order of the checks.

    Attributes:
        issues: What was found.
        checks: What was checked.
        differences: Every difference from the models, also those that people ignore.
    """

    issues: tuple[Issue, ...] = ()
    checks: tuple[Check, ...] = ()
    differences: tuple[Issue, ...] = ()

    @property
    def defects(self) -> tuple[Issue, ...]:
        """The issues that keep the database from being ready."""
        return defects(self.issues)

    @property
    def warnings(self) -> tuple[Issue, ...]:
        """The issues of severity "warning". A ready database may have them."""
        return tuple(issue for issue in self.issues if issue.severity == "warning")

    def accepting(self, texts: Collection[str]) -> Health:
        """These checks, with the issues as warnings whose text is one of these.

        Args:
            texts: What a ready database was said to have in spite of being ready.
        """
        accepted, issues = Health(differences=self.differences), iter(self.issues)
        for check in self.checks:
            found = tuple(islice(issues, check.issues))
            accepted = accepted.with_check(check.name, tuple(_softer(issue, texts) for issue in found))
        return accepted

    def with_check(self, name: str, found: tuple[Issue, ...]) -> Health:
        """These checks and one more.

        Args:
            name: The name of the check.
            found: What it found.
        """
        checks = (*self.checks, Check(name, len(found), worst(found)))
        return replace(self, issues=(*self.issues, *found), checks=checks)


def _softer(issue: Issue, texts: Collection[str]) -> Issue:
    return replace(issue, severity="warning") if issue.is_defect and issue.text in texts else issue
