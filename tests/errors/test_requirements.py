"""Every line of the requirements' chapter on errors has its row and its advice."""

from __future__ import annotations

import pytest

from initdb.errors import CATALOGUE, Advice, ErrorRow, InitError
from initdb.errors.rows import Topic
from tests.errors.requirements_list import REQUIREMENTS

LINES = [(kind, line) for kinds in REQUIREMENTS.values() for kind, lines in kinds.items() for line in lines]

ADVICE_LINES: dict[str, Topic] = {
    "Provide database-specific troubleshooting steps": "troubleshooting",
    "Suggest alternative database configurations": "alternative-configuration",
    "Suggest credential verification steps": "credential-verification",
    "Provide configuration file examples": "configuration-example",
    "Suggest file/directory permission fixes": "permission-fix",
    "Provide database user permission requirements": "user-permissions",
    "Offer alternative configuration options": "alternative-configuration",
    "Identify conflicting existing objects": "conflicting-objects",
    "Suggest manual cleanup procedures": "clean-up",
    "Provide alternative schema creation methods": "alternative-creation",
    "Suggest index recreation procedures": "index-recreation",
    "Identify performance implications": "performance",
    "Continue with warnings if non-critical": "continue-with-warnings",
    "Suggest data cleanup procedures": "data-clean-up",
    "Provide constraint modification options": "constraint-modification",
    "Handle gracefully for non-critical constraints": "continue-with-warnings",
    "Suggest migration file restoration": "file-restoration",
    "Provide manual migration procedures": "manual-procedure",
    "Maintain migration history integrity": "history-integrity",
    "Provide data backup recommendations": "backup",
    "Suggest manual data fixes": "manual-data-fix",
    "Implement rollback procedures": "rollback",
    "Suggest conflict resolution procedures": "conflict-resolution",
    "Provide migration history repair": "history-repair",
    "Maintain database consistency": "consistency",
}

PER_DATABASE: set[Topic] = {
    "troubleshooting",
    "alternative-configuration",
    "credential-verification",
    "configuration-example",
    "permission-fix",
    "user-permissions",
    "conflicting-objects",
    "clean-up",
    "alternative-creation",
    "index-recreation",
    "performance",
    "data-clean-up",
    "constraint-modification",
    "backup",
    "manual-procedure",
    "manual-data-fix",
}
"""The topics whose commands differ between the databases."""

LOGGED = (
    "Log specific connection error details",
    "Log authentication error without exposing credentials",
    "Log permission-related errors",
    "Log specific SQL errors",
    "Log index creation errors",
    "Log constraint-related errors",
    "Log data transformation errors",
    "Detect corrupted migration files",
    "Detect migration version conflicts",
)
ENDED = ("Exit gracefully with clear error message", "Exit with security-conscious error message")


def rows_of(kind: str) -> list[ErrorRow]:
    return [row for row in CATALOGUE.values() if kind in row.requirements]


def advice_of(kind: str, topic: Topic) -> list[Advice]:
    return [advice for row in rows_of(kind) for advice in row.advice if advice.topic == topic]


def test_every_line_is_looked_for() -> None:
    """No line of the chapter is left out of this test, and no row answers a heading that is not in it."""
    assert {line for _, line in LINES} == {*ADVICE_LINES, *LOGGED, *ENDED}
    headings = {heading for row in CATALOGUE.values() for heading in row.requirements}
    assert headings == {kind for kinds in REQUIREMENTS.values() for kind in kinds}


@pytest.mark.parametrize(("kind", "line"), [pair for pair in LINES if pair[1] in ADVICE_LINES])
def test_an_advice_line_has_its_advice(kind: str, line: str) -> None:
    """Each advice that the requirements ask for is given, for both databases if they differ."""
    topic = ADVICE_LINES[line]
    found = advice_of(kind, topic)
    for database in ("sqlite", "postgresql"):
        texts = [advice.text for advice in found if advice.fits(database)]
        assert texts, f"{kind}: {line}: nothing for {database}"
        assert max(map(len, texts)) > 60, texts
    if topic in PER_DATABASE:
        assert {advice.database for advice in found} >= {"sqlite", "postgresql"}


@pytest.mark.parametrize(("kind", "line"), [pair for pair in LINES if pair[1] in LOGGED])
def test_what_is_logged_or_detected_has_a_row_that_carries_the_particulars(kind: str, line: str) -> None:
    """Each kind of failure has a row, and its particulars are shown with it, without credentials."""
    rows = rows_of(kind)
    assert rows, line
    for row in rows:
        told = str(InitError(row.reference, "the particulars", "postgresql://app:s3cret@host/shop"))
        assert "the particulars" in told
        assert "s3cret" not in told


@pytest.mark.parametrize(("kind", "line"), [pair for pair in LINES if pair[1] in ENDED])
def test_a_failure_ends_with_a_message_and_an_exit_code(kind: str, line: str) -> None:
    """Each connection error says in a sentence what is wrong and exits with 1, never with a traceback."""
    for row in rows_of(kind):
        assert row.message.endswith("."), line
        assert row.exit_code == 1


def test_the_critical_kinds_have_a_row_each() -> None:
    """The first row that answers a heading is the one that carries all of its advice."""
    for kind, topics in _topics_by_kind().items():
        whole = [row for row in rows_of(kind) if topics <= {advice.topic for advice in row.advice}]
        assert whole, kind


def test_the_list_is_the_chapter() -> None:
    """The list in this test has the shape of the chapter: three groups of three kinds of four lines."""
    assert [len(kinds) for kinds in REQUIREMENTS.values()] == [3, 3, 3]
    assert {len(lines) for kinds in REQUIREMENTS.values() for lines in kinds.values()} == {4}


def _topics_by_kind() -> dict[str, set[Topic]]:
    return {
        kind: {ADVICE_LINES[line] for line in lines if line in ADVICE_LINES}
        for kinds in REQUIREMENTS.values()
        for kind, lines in kinds.items()
    }
