"""What a row of the error catalogue is: one kind of failure, described once, as data."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

Topic: TypeAlias = Literal[
    "troubleshooting",
    "alternative-configuration",
    "configuration-example",
    "credential-verification",
    "permission-fix",
    "user-permissions",
    "conflicting-objects",
    "clean-up",
    "alternative-creation",
    "index-recreation",
    "performance",
    "continue-with-warnings",
    "data-clean-up",
    "constraint-modification",
    "file-restoration",
    "manual-procedure",
    "history-integrity",
    "backup",
    "manual-data-fix",
    "rollback",
    "conflict-resolution",
    "history-repair",
    "consistency",
]
Database: TypeAlias = Literal["sqlite", "postgresql"]

TITLES: MappingProxyType[Topic, str] = MappingProxyType(
    {
        "troubleshooting": "Troubleshooting",
        "alternative-configuration": "Alternative configurations",
        "configuration-example": "Example configuration",
        "credential-verification": "Checking the credentials",
        "permission-fix": "File permissions",
        "user-permissions": "Permissions of the database role",
        "conflicting-objects": "Finding the conflicting objects",
        "clean-up": "Cleaning up by hand",
        "alternative-creation": "Other ways to create the schema",
        "index-recreation": "Recreating the index",
        "performance": "Performance",
        "continue-with-warnings": "Continuing with a warning",
        "data-clean-up": "Cleaning up the data",
        "constraint-modification": "Changing the constraint",
        "file-restoration": "Restoring the file",
        "manual-procedure": "By hand",
        "history-integrity": "What keeps the history intact",
        "backup": "Backup",
        "manual-data-fix": "Fixing the data by hand",
        "rollback": "Rolling back",
        "conflict-resolution": "Resolving the conflict",
        "history-repair": "Repairing the history",
        "consistency": "What keeps the database consistent",
    }
)
"""Every topic in the order of the pages, with the heading it has there."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One piece of advice.

    topic: which question it answers, see `TITLES`.
    text: complete sentences; the first line stands alone and is the short form that errors print,
        a line that begins with four spaces is a command or a piece of configuration.
    database: the database it is for, None for both.
    """

    topic: Topic
    text: str
    database: Database | None = None

    @property
    def short(self) -> str:
        """The first line, which stands alone."""
        return self.text.partition("\n")[0]

    def fits(self, database: str | None) -> bool:
        """Whether it may be told to a user of `database` ("sqlite", "postgresql"; None = not known)."""
        return self.database is None or self.database == database


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One kind of failure.

    reference: kebab-case name, never renamed once released (journals and scripts keep it).
    message: what is wrong. kept: what stands all the same. fix: the one command or action that fixes it.
    causes: what usually leads to it.
    requirements: the headings of the requirements' error chapter that it answers.
    passing: whether it can pass by itself, so that a later try without any change may succeed.
    exit_code: of a command that ends with it: 1 failed, 2 usage, 3 not ready, 4 another process is at work.
    """

    reference: str
    message: str
    kept: str
    fix: str
    causes: tuple[str, ...] = ()
    advice: tuple[Advice, ...] = ()
    requirements: tuple[str, ...] = ()
    passing: bool = False
    exit_code: int = 1
