"""Reports an outcome: its public result, its exit code, its reason and its warnings."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence

from initdb.errors import InitError, Rendered, render
from initdb.errors.faces import as_typed
from initdb.events.entry import Entry
from initdb.events.payloads import all_of, notes, payload_of, work
from initdb.settings import Settings
from initdb.statemachine.decide.verdict import Verdict
from initdb.statemachine.loop.outcome import Outcome
from initdb.statemachine.render.results import InitializationResult, RepairResult
from initdb.statemachine.render.sentences import who
from initdb.steps.survey.edits import sentences
from initdb.steps.survey.row_statement import deleting

NOT_READY = {"held": "migration-held", "ahead": "database-ahead"}
"""The errors that describe endings which are not ready, although nothing failed."""

OF_EDITED_FILES = frozenset({"files-edited", "revision-changed"})
"""The errors that name edited files themselves."""


def result_of(outcome: Outcome, database: str, settings: Settings) -> InitializationResult:
    """Make the public result of an outcome. The caller sets its `duration`.

    Args:
        outcome: How it ended.
        database: "sqlite" or "postgresql".
        settings: They say which endings are a success.
    """
    code = exit_code(outcome, settings)
    return InitializationResult(
        success=code == 0,
        steps_completed=[line for entry in _entries(outcome) if (line := step_line(entry))],
        errors=[render(outcome.error)] if outcome.error else [],
        warnings=[as_typed(warning) for warning in warnings_of(outcome)],
        duration=0.0,
        database_type=database,
        outcome=outcome.ending,
        exit_code=code,
    )


def exit_code(outcome: Outcome, settings: Settings) -> int:
    """Choose the exit code of an outcome.

    It is 0 for ready, 1 for failed, 3 for pending, 4 if another process works, and 130 or 143 if a signal
    stopped the run. For held and ahead it is 0 or 3, as the settings `when_held` and `when_ahead` say.

    Args:
        outcome: How it ended.
        settings: The settings.
    """
    if outcome.ending == "held":
        return 0 if settings.when_held == "serve" else 3
    if outcome.ending == "ahead":
        return 0 if settings.when_ahead == "serve" else 3
    return outcome.exit_code


def reason_of(outcome: Outcome) -> Rendered:
    """Say in an error why the database is not ready."""
    if outcome.error is not None:
        return outcome.error
    if outcome.signum is not None:
        return InitError("stopped", signal.Signals(outcome.signum).name).rendered()
    if outcome.ending == "busy":
        run = outcome.knowledge.last_run if outcome.knowledge else None
        return InitError("another-process-at-work", who(run.by) if run else "").rendered()
    names = outcome.verdict.revisions if outcome.verdict else ()
    said = [", ".join(names), *_unknown_rows(outcome, names)]
    return InitError(NOT_READY.get(outcome.ending, "pending-work"), *said).rendered()


def _unknown_rows(outcome: Outcome, rows: Sequence[str]) -> Iterator[str]:
    """The statement for the case that the rows are wrong, since no code has a file for them."""
    known = outcome.knowledge
    if outcome.ending == "ahead" and known is not None and known.version_table:
        statement = deleting((known.version_table, known.version_schema), rows)
        yield f"If no code has {'it' if len(rows) == 1 else 'them'}: {statement}"


def warnings_of(outcome: Outcome) -> list[str]:
    """The warnings of an outcome: what a person should know, although it is no failure."""
    return [*around(outcome), *_said_by(outcome.verdict)]


def around(outcome: Outcome) -> list[str]:
    """The warnings that no event of the outcome's run says: of the server, of files that were edited."""
    refused = outcome.error is not None and outcome.error.reference in OF_EDITED_FILES
    return [*outcome.cautions, *(() if refused else sentences(outcome.edited))]


def _said_by(verdict: Verdict | None) -> Sequence[str]:
    if verdict is None:
        return ()
    if verdict.kind == "held":
        held = InitError("migration-held").rendered().message
        return (f"{held} Held: {', '.join(verdict.revisions)}",)
    if verdict.kind == "ahead":
        names = ", ".join(verdict.revisions)
        return (f"The database has revisions that this code does not know: {names}", *verdict.warnings)
    return verdict.warnings


def step_line(entry: Entry) -> str | None:
    """Say in one line what a step did.

    Args:
        entry: An entry of the journal.

    Returns:
        The line; None if the event is not of a step.
    """
    line = None
    match payload_of(entry.type, entry.data):
        case work.DatabaseInspected():
            line = f"inspected: {entry.dest}"
        case notes.BackupMade(file=file, command=command):
            line = f"backed up: {file or command}"
        case work.SchemaCreated(tables=tables):
            line = f"schema created: {len(tables)} tables"
        case work.SchemaAdopted(tables=tables):
            line = f"schema adopted: {len(tables)} tables"
        case work.MigrationApplied(revision=revision):
            line = f"migration applied: {revision}"
        case work.MigrationReverted(revision=revision):
            line = f"migration reverted: {revision}"
        case work.SeedBatchApplied(complete=True, source=source):
            line = f"seeded: {source}"
        case work.RepairApplied(actions=actions):
            line = f"repaired: {'; '.join(actions)}"
        case work.HealthValidated():
            line = "validated"
        case work.DefectsFound(issues=issues):
            line = f"defects found: {len(issues)}"
    return line


def _entries(outcome: Outcome) -> Sequence[Entry]:
    return outcome.report.entries if outcome.report else ()


def repair_result(outcome: Outcome, duration: float) -> RepairResult:
    """Make the public result of a repair.

    Args:
        outcome: How it ended.
        duration: How long it took, in seconds.
    """
    repaired = [action for it in all_of(work.RepairApplied, _entries(outcome)) for action in it.actions]
    error: Rendered | None = outcome.error
    return RepairResult(
        success=outcome.ending in ("ready", "held", "ahead"),
        repaired=repaired,
        not_repaired=list(error.context) if error else [],
        suggestions=[error.fix] if error else [],
        errors=[render(error)] if error else [],
        duration=duration,
    )
