"""HealthValidator: checks that the database answers, and that its schema and data are right."""

from __future__ import annotations

import os
import time

from sqlalchemy import Connection, text

from initdb.errors import InitError
from initdb.errors.redact import url_text
from initdb.events.canonical import timestamp
from initdb.events.journal import Journal
from initdb.events.sessions import database_file, session
from initdb.managers.manager import Manager
from initdb.managers.measures import rows_by_table, server_version, size
from initdb.managers.open_look import OpenLook, about_data, about_schema, health, open_look, result_of
from initdb.managers.reports import (
    Connectivity,
    DatabaseInfo,
    Findings,
    HealthReport,
    IssuesFound,
    JournalFound,
)
from initdb.statemachine.decide.audit import audit
from initdb.statemachine.decide.verdict import judge
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.render.results import ValidationResult
from initdb.statemachine.site import journal_of
from initdb.steps.connect import reading
from initdb.steps.drift import Issue

MOST_FINDINGS = 20
"""How many findings of an audit a report lists."""


class HealthValidator(Manager):
    """The health of one application's database. No method writes anything.

    Example:
        >>> from sqlalchemy import Column, Integer, MetaData, Table, create_engine
        >>> models = MetaData()
        >>> product = Table("product", models, Column("id", Integer, primary_key=True))
        >>> validator = HealthValidator(Initializer(create_engine("sqlite:///shop.db"), metadata=models))
        >>> validator.validate_connectivity()
        True
        >>> validator.generate_health_report()["ready"]
        False
    """

    def validate_connectivity(self) -> bool:
        """Whether the database answers; if a SQLite file does not exist, whether it could be created."""
        with self.bound() as initializer:
            try:
                _ping(initializer)
            except InitError:
                return False
            return True

    def validate_schema_integrity(self) -> ValidationResult:
        """Compare the schema with the models.

        Raises:
            InitError: The database cannot be reached.
        """
        with self.bound() as initializer, open_look(initializer) as opened:
            return result_of(about_schema(health(initializer, opened)))

    def validate_data_integrity(self) -> ValidationResult:
        """Check the file itself, constraints, orphaned rows, seeds, and the rules of the application.

        Raises:
            InitError: The database cannot be reached.
        """
        with self.bound() as initializer, open_look(initializer) as opened:
            return result_of(about_data(health(initializer, opened)))

    def generate_health_report(self) -> HealthReport:
        """All that can be said of the database without writing, as plain data without a secret.

        If the database cannot be reached, `connectivity` says so, and the report ends there. So it does if
        the journal was edited; what is wrong with it is in `journal`.
        """
        with self.bound() as initializer:
            at, name = timestamp(initializer.site.clock.now()), initializer.site.name
            engine = initializer.engine
            database: DatabaseInfo = {"type": engine.dialect.name, "url": url_text(engine.url)}
            try:
                latency = _ping(initializer)
                with open_look(initializer) as opened:
                    connection = opened.connection
                    database["version"], database["size_bytes"] = server_version(connection), size(connection)
                    answers: Connectivity = {"ok": True, "latency_ms": latency}
                    report = _report(initializer, opened)
            except InitError as error:
                answers = {"ok": False, "error": error.rendered().as_data()}
                tampered = error.reference == "journal-tampered"
                report = {"journal": _tampered(initializer)} if tampered else {}
            return {"at": at, "application": name, "database": database, "connectivity": answers, **report}


def _ping(initializer: Initializer) -> float:
    """The milliseconds that an open connection takes to answer; 0 for a file that does not exist yet."""
    file = database_file(initializer.engine)
    if file is not None and not file.exists():
        if not os.access(file.parent, os.W_OK):
            raise InitError("folder-missing", str(file.parent), database="sqlite")
        return 0.0
    with open_look(initializer) as opened:
        begun = time.perf_counter()
        opened.connection.execute(text("SELECT 1"))
        return round((time.perf_counter() - begun) * 1000, 3)


def _report(initializer: Initializer, opened: OpenLook) -> Findings:
    found, facts = health(initializer, opened), opened.facts
    known = opened.seen.knowledge
    return {
        "state": known.state,
        "ready": judge(opened.seen).kind == "ready",
        "schema": _issues(about_schema(found)),
        "data": _issues(about_data(found)),
        "checks": {check.name: check.severity if check.issues else "ok" for check in found.checks},
        "tables": rows_by_table(opened.connection),
        "migrations": {
            "heads": list(facts.rows or ()),
            "pending": list(facts.pending),
            "unknown": list(facts.unknown),
            "held": sorted(known.held),
        },
        "seeds_pending": list(facts.seeds),
        "journal": _journal(opened),
    }


def _issues(issues: tuple[Issue, ...]) -> IssuesFound:
    result = result_of(issues)
    return {"valid": result.valid, "severity": result.severity, "issues": [issue.data() for issue in issues]}


def _journal(opened: OpenLook) -> JournalFound:
    return _audited(opened.connection, opened.seen.journal) if opened.seen.exists else {"exists": False}


def _tampered(initializer: Initializer) -> JournalFound:
    """What is wrong with a journal from which nothing can be concluded."""
    with reading(initializer.engine), session(initializer.engine) as connection:
        return _audited(connection, journal_of(connection, initializer.settings)[0])


def _audited(connection: Connection, journal: Journal) -> JournalFound:
    found = audit(connection, journal)
    return {
        "exists": True,
        "entries": found.entries,
        "intact": not found.findings,
        "findings": [{"entry": one.seq, "text": one.text} for one in found.findings[:MOST_FINDINGS]],
        "more_findings": max(0, len(found.findings) - MOST_FINDINGS),
        "hash": found.hash,
    }
