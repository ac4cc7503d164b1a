"""Reports how a run ended: a line for people or an object for programs, the failure, the exit code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from initdb.cli.calling.call import Call
from initdb.cli.opening.target import Target
from initdb.errors.redact import url_text
from initdb.events.entry import Entry
from initdb.events.payloads import all_of, notes, payload_of, work
from initdb.statemachine import reporting
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.loop.outcome import Outcome
from initdb.statemachine.render.sentences import told, who


def named(initializer: Initializer) -> str:
    """The application and its database. The URL has no password."""
    return f"{initializer.site.name} on {url_text(initializer.engine.url)}"


@dataclass(frozen=True, slots=True)
class Attended:
    """What was done for one database.

    Attributes:
        target: The settings of the call.
        initializer: The Initializer of the database.
        outcome: How it ended.
        ms: How long it took, in milliseconds.
        waited: Whether it had to wait.
    """

    target: Target
    initializer: Initializer
    outcome: Outcome
    ms: float
    waited: bool


def conclude(call: Call, attended: Attended) -> int:
    """Report how it ended, and return the exit code."""
    initializer, outcome = attended.initializer, attended.outcome
    screen, code = call.screen, reporting.exit_code(outcome, initializer.settings)
    error = reporting.reason_of(outcome) if code else None
    warnings = reporting.warnings_of(outcome)
    reported = outcome.report is not None and outcome.ending not in reporting.NOT_READY
    for warning in reporting.around(outcome) if reported else warnings:  # a run has reported its validation
        screen.warn(f"warning: {warning}")
    if error is None:
        screen.say(*_closing(outcome, attended.ms, attended.waited))
    else:
        if (adopted := _adopted(outcome)) is not None:
            screen.warn(adopted)
        screen.fail(error)
    screen.emit(
        {
            "command": call.name,
            "outcome": outcome.ending,
            "exit_code": code,
            "already": code == 0 and outcome.report is None,
            "application": initializer.site.name,
            "database": {"kind": initializer.engine.dialect.name, "url": url_text(initializer.engine.url)},
            "state": outcome.knowledge.state if outcome.knowledge else None,
            **_done(outcome),
            "edited": [edit.data() for edit in outcome.edited],
            "warnings": warnings,
            "assumed": list(attended.target.assumed),
            "error": error.as_data() if error else None,
            "ms": attended.ms,
        }
    )
    return code


def _adopted(outcome: Outcome) -> str | None:
    """Say which process met the failure, if it was not this one."""
    failure = outcome.verdict.failure if outcome.verdict and outcome.report is None else None
    if failure is None:
        return None
    return (
        f"{who(failure.by)} met this failure at {failure.at} (journal entry {failure.seq}). Nothing has"
        " changed since, so it was not tried again. To try again: initdb resume"
    )


def _closing(outcome: Outcome, ms: float, waited: bool) -> Sequence[str | tuple[str, str]]:
    took = f"{ms:,.0f} ms"
    if outcome.ending in reporting.NOT_READY:
        return (f"nothing was done: {_why_nothing(outcome)}", f" ({took})")
    if outcome.report is None:
        how = "ready: another process did the work" if waited else "already ready"
        return ((how, "bold green"), f" ({took})")
    done = ", ".join(summary(outcome.report.entries)) or "there was nothing to do"
    style = "bold green" if outcome.ending == "ready" else "bold"
    state = (
        f"; the database is {outcome.knowledge.state}"
        if outcome.knowledge and outcome.ending == "done"
        else ""
    )
    return ((outcome.ending, style), f": {done}{state} ({took})")


def _why_nothing(outcome: Outcome) -> str:
    revisions = outcome.verdict.revisions if outcome.verdict else ()
    names = ", ".join(revisions)
    if outcome.ending == "held":
        return f"{names} {'is' if len(revisions) == 1 else 'are'} held"
    return f"this code does not know {names}, which the database has"


def summary(entries: Iterable[Entry]) -> list[str]:
    """Say what a run did, each thing in a few words."""
    counts = {"tables": 0, "adopted": 0, "applied": 0, "reverted": 0, "released": 0, "seeds": 0, "rows": 0}
    repaired, validated = 0, False
    for entry in entries:
        match payload_of(entry.type, entry.data):
            case work.SchemaCreated(tables=tables):
                counts["tables"] += len(tables)
            case work.SchemaAdopted(tables=tables):
                counts["adopted"] += len(tables)
            case work.MigrationApplied():
                counts["applied"] += 1
            case work.MigrationReverted():
                counts["reverted"] += 1
            case notes.HoldReleased(revisions=revisions):
                counts["released"] += len(revisions)
            case work.SeedBatchApplied(complete=complete, created=created):
                counts["seeds"] += complete
                counts["rows"] += created
            case work.RepairApplied(actions=actions):
                repaired += len(actions)
            case work.HealthValidated():
                validated = True
    words = [
        _plural(counts["tables"], "table created", "tables created"),
        _plural(counts["adopted"], "table adopted", "tables adopted"),
        _plural(counts["applied"], "revision applied", "revisions applied"),
        _plural(counts["reverted"], "revision rolled back", "revisions rolled back"),
        _plural(counts["released"], "revision released", "revisions released"),
        _plural(repaired, "repair made", "repairs made"),
        _plural(counts["seeds"], "seed", "seeds")
        + (f" ({_plural(counts['rows'], 'row', 'rows') or 'no new row'})"),
        "validated" if validated else "",
    ]
    if not counts["seeds"]:
        words[-2] = ""
    return [word for word in words if word]


def _done(outcome: Outcome) -> dict[str, object]:
    entries = outcome.report.entries if outcome.report else []
    return {
        "run": outcome.report.run if outcome.report else None,
        "steps": [{"seq": e.seq, "at": e.at, "type": e.type, "text": told(e)} for e in entries],
        "applied": [it.revision for it in all_of(work.MigrationApplied, entries)],
        "reverted": [it.revision for it in all_of(work.MigrationReverted, entries)],
        "seeded": [it.source for it in all_of(work.SeedBatchApplied, entries) if it.complete],
        "repaired": [action for it in all_of(work.RepairApplied, entries) for action in it.actions],
    }


def _plural(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}" if number else ""
