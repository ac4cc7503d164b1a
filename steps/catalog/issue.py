"""One thing that is wrong with a database, or that a person may want to know of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["info", "warning", "error", "critical"]

SEVERITIES: tuple[Severity, ...] = ("info", "warning", "error", "critical")
"""From the least grave to the gravest. The last two are defects."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding.

    kind: a word in kebab-case, such as `missing-table`. name: the object's, unique within its kind and
    table; a constraint without a name has its columns or its text instead. text: one complete sentence.
    suggestion: what fixes it, or what to do about it. table: the key of its table, as in a MetaData.
    """

    kind: str
    name: str
    text: str
    severity: Severity = "error"
    suggestion: str = ""
    table: str | None = None

    @property
    def is_defect(self) -> bool:
        """Whether a database with it is not ready."""
        return self.severity in {"error", "critical"}

    @property
    def id(self) -> str:
        """Its identity: the same issue has the same id at the next look."""
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
    """The gravest severity among the issues; 'info' where there are none."""
    return max((issue.severity for issue in issues), key=SEVERITIES.index, default="info")
