"""A row of the error catalogue: one kind of failure, described once, as data."""

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
    """One piece of advice about a failure.

    Attributes:
        topic: The question that it answers, see `TITLES`.
        text: Complete sentences. The first line makes sense alone: errors print it as the short form. A line
            that begins with four spaces is a command or a piece of configuration.
        database: The database that it is for; None for both.

    Example:
        >>> advice = Advice("backup", "Copy the file first:\\n    cp app.db before.db", "sqlite")
        >>> advice.short
        'Copy the file first:'
        >>> advice.fits("postgresql")
        False
    """

    topic: Topic
    text: str
    database: Database | None = None

    @property
    def short(self) -> str:
        """The first line, which makes sense alone."""
        return self.text.partition("\n")[0]

    def fits(self, database: str | None) -> bool:
        """Whether the advice is for the users of `database` ("sqlite", "postgresql"; None: not known)."""
        return self.database is None or self.database == database


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One kind of failure.

    Attributes:
        reference: Its name in kebab-case. Never renamed once released: journals and scripts keep it.
        message: What happened.
        kept: What was kept in spite of it.
        fix: The one command or action that fixes it.
        causes: The usual causes.
        advice: What else a person can do about it.
        requirements: The headings in the requirements' chapter on errors that it answers.
        passing: Whether it can pass by itself, so that a retry may succeed without any change.
        exit_code: Of a command that ends with it: 1 failed, 2 usage, 3 not ready, 4 another process is at
            work, 130 stopped.

    Example:
        >>> from initdb.errors import CATALOGUE
        >>> CATALOGUE["disk-full"].message
        'The disk of the database is full.'
        >>> CATALOGUE["disk-full"].passing
        True
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
