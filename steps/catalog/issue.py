"""One thing that is wrong with a database, or worth saying of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["info", "warning", "error", "critical"]

SEVERITIES: tuple[Severity, ...] = ("info", "warning", "error", "critical")
"""From the least to the gravest; the last two are defects."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding.

    kind: kebab-case word, such as `missing-table`. name: of the object, unique within its kind and table: a
    column, index or constraint by its own name, a constraint without one by its columns or text. text: one
    complete sentence. suggestion: what mends it, or is to be done about it. table: key of the table it is
    about, as in a MetaData.
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
        """It in one word, by which it is known again when the database is looked at once more."""
        return f"{self.kind} {self.table or ''} {self.name}"

    def data(self) -> dict[str, str]:
        """It as the journal stores it."""
        return {
            "kind": self.kind,
            "name": self.name,
            "text": self.text,
            "severity": self.severity,
            "suggestion": self.suggestion,
        }


def defects(issues: Iterable[Issue]) -> tuple[Issue, ...]:
    """Those that keep a database from being ready, in their order."""
    return tuple(issue for issue in issues if issue.is_defect)


def worst(issues: Iterable[Issue]) -> Severity:
    """The gravest severity among them; 'info' where there is none."""
    return max((issue.severity for issue in issues), key=SEVERITIES.index, default="info")
