"""Something that is wrong with a database, or that a person may want to know about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["info", "warning", "error", "critical"]

SEVERITIES: tuple[Severity, ...] = ("info", "warning", "error", "critical")
"""From the least to the most severe. The last two are defects."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding of a check.

    Attributes:
        kind: A word in kebab-case, such as `missing-table`.
        name: The name of the object, unique within its kind and table. A constraint without a name has its
            columns or its text instead.
        text: One complete sentence.
        severity: How severe it is.
        suggestion: What fixes it, or what a person can do.
        table: The key of its table, as in a MetaData.
    """

    kind: str
    name: str
    text: str
    severity: Severity = "error"
    suggestion: str = ""
    table: str | None = None

    @property
    def is_defect(self) -> bool:
        """Whether it keeps the database from being ready."""
        return self.severity in {"error", "critical"}

    @property
    def id(self) -> str:
        """The same issue has the same id at the next check."""
        return f"{self.kind} {self.table or ''} {self.name}"

    def data(self) -> dict[str, str]:
        """The issue as the journal stores it."""
        return {
            "kind": self.kind,
            "name": self.name,
            "text": self.text,
            "severity": self.severity,
            "suggestion": self.suggestion,
        }


def defects(issues: Iterable[Issue]) -> tuple[Issue, ...]:
    """The issues that keep a database from being ready, in their order."""
    return tuple(issue for issue in issues if issue.is_defect)


def worst(issues: Iterable[Issue]) -> Severity:
    """The worst severity among the issues; "info" if there are none."""
    return max((issue.severity for issue in issues), key=SEVERITIES.index, default="info")
