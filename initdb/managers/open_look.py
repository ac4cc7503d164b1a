"""Looks at a database for the managers: the facts and the health, without writing anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool

from initdb.events.sessions import database_file, session
from initdb.settings.values import WhenEdited
from initdb.statemachine.decide.verdict import Look, judge
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.loop.look import look_on
from initdb.statemachine.render.results import ValidationResult
from initdb.steps.connect import reading
from initdb.steps.drift import Issue, Severity, worst
from initdb.steps.health.inventory import last_inventory
from initdb.steps.health.report import Before, Health
from initdb.steps.survey.edits import ACCEPT, Edit
from initdb.steps.survey.facts import Facts, survey
from initdb.steps.survey.others_files import others_files
from initdb.steps.validate import inspect_health

SCHEMA_CHECKS = frozenset({"connectivity", "schema"})
"""The checks of the schema. The other checks are about the data in it."""


@dataclass(frozen=True, slots=True)
class OpenLook:
    """A database at one moment.

    Attributes:
        connection: Open until the block ends that it was opened for.
        seen: What a verdict is concluded from.
        facts: What an inspection finds.
    """

    connection: Connection
    seen: Look
    facts: Facts


@contextmanager
def open_look(initializer: Initializer) -> Iterator[OpenLook]:
    """Look with a connection of our own. A SQLite file that does not exist counts as empty, and is not
    created.

    Raises:
        InitError: The database cannot be reached, or its journal cannot be read.
    """
    site = initializer.site
    site.ask_env_py()
    file = database_file(site.engine)
    missing = file is not None and not file.exists()
    engine = create_engine("sqlite://", poolclass=StaticPool) if missing else site.engine
    try:
        with reading(site.engine), session(engine) as connection:
            seen = look_on(site, connection)
            yield OpenLook(connection, seen, survey(connection, site.application, seen.knowledge))
    finally:
        if missing:
            engine.dispose()


def health(initializer: Initializer, opened: OpenLook) -> Health:
    """The result of every check of a validation."""
    site = initializer.site
    seen, pending = opened.seen, opened.facts.seeds
    inventory = last_inventory(opened.connection, seen.journal, seen.knowledge) if seen.exists else None
    before = Before(pending, inventory=inventory)
    found = inspect_health(opened.connection, site.application, site.settings, before)
    verdict = judge(seen)
    if verdict.kind == "ready":  # a run has tried to repair it, and the database is ready without it
        found = found.accepting(verdict.warnings)
    # Of the server, not of this database: no validation stores it.
    at_risk = [Issue("durability", str(n), said, "warning") for n, said in enumerate(opened.seen.cautions)]
    left_out = [
        Issue("left-out", str(n), said, "warning") for n, said in enumerate(site.application.left_out())
    ]
    of_others = [
        Issue("files-of-others", str(n), said, "warning")
        for n, said in enumerate(others_files(site.application, site.settings))
    ]
    rows = [
        Issue("version-rows", row, f"The version row {row} is older than another one: Alembic refuses both.")
        for row in opened.facts.overlapping
    ]
    checks = {
        "durability": tuple(at_risk),
        "seed files": tuple(left_out),
        "files of others": tuple(of_others),
        "version rows": tuple(rows),
        # A run has named or refused them before it changed anything.
        "edited files": tuple(_edited(opened.seen.edited, site.settings.when_edited)),
    }
    for name, issues in checks.items():
        found = found.with_check(name, issues) if issues else found
    return found


def _edited(found: tuple[Edit, ...], when: WhenEdited) -> Iterator[Issue]:
    severity: Severity = "error" if when == "fail" else "warning"
    for edit in found:
        kind = f"{edit.kind}-{'removed' if edit.now is None else 'edited'}"
        advice = f"Restore it, or accept it as it is: {ACCEPT}" if edit.stays or when == "fail" else ""
        yield Issue(kind, edit.name, edit.text, severity, advice)


def about_schema(found: Health) -> tuple[Issue, ...]:
    """The issues that the checks of the schema found."""
    return tuple(issue for name, issue in _by_check(found) if name in SCHEMA_CHECKS)


def about_data(found: Health) -> tuple[Issue, ...]:
    """The issues that the other checks found: file, constraints, orphaned rows, seeds, rules."""
    return tuple(issue for name, issue in _by_check(found) if name not in SCHEMA_CHECKS)


def _by_check(found: Health) -> Iterator[tuple[str, Issue]]:
    issues = iter(found.issues)
    for check in found.checks:
        for _ in range(check.issues):
            yield check.name, next(issues)


def result_of(issues: tuple[Issue, ...]) -> ValidationResult:
    """The public result: valid if none of the issues is a defect."""
    return ValidationResult(
        valid=not any(issue.is_defect for issue in issues),
        issues=[issue.text for issue in issues],
        suggestions=[issue.suggestion for issue in issues if issue.suggestion],
        severity=worst(issues),
    )
