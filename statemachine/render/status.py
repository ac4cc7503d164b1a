"""The status of a database as plain data: its state, the verdict of a boot, and the process at work."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TypedDict

from initdb.errors.stored import read_stored, to_store
from initdb.statemachine.decide.verdict import INTERRUPTED, Look, Verdict
from initdb.steps.survey.edits import sentences

AT_WORK = "another process is at work on it"
"""Why there is work, if a run has begun and its process has not ended."""


@dataclass(frozen=True, slots=True)
class LastRun:
    """The journal's last run.

    Attributes:
        run: Its identifier.
        at: When it began.
        host: The host of its process.
        pid: The id of its process.
        app: The name of its application.
        reason: Why it began.
        ended: How it ended: ready, failed or stopped; None if it is at work, or was interrupted.
    """

    run: str
    at: str
    host: str | None
    pid: int | None
    app: str | None
    reason: str
    ended: str | None


class StoredFailure(TypedDict):
    """The failure that stands: its entry, its time, the pause before the next attempt in s, and the error."""

    seq: int
    at: str
    retry_in: float | None
    error: dict[str, object]


@dataclass(frozen=True, slots=True)
class Status:
    """The status of a database.

    Attributes:
        state: The state that the journal says.
        verdict: What this process's code concludes: ready, work, failed, held or ahead.
        reason: Why there is work.
        changed: The parts of the code that changed since the last validation.
        application: The owner of the journal.
        journal_schema: The schema of the journal.
        entries: How many entries the journal has.
        at_work: Whether a process holds the baton. It is then the process of `run`.
        last_type: The type of the last event.
        last_at: When it happened.
        run: The last run.
        rows: The rows of the version table.
        applied: How many revisions the journal knows as applied.
        held: The revisions that are held.
        revisions: The revisions that the verdict is about.
        seeds: The seed sources that are complete.
        failure: The failure that stands.
        backup: The file of the backup from before the last changes, or the command that made it.
        edited: The files that were edited since they were applied; see `Edit.data`.
        warnings: That the database cannot be written, or is not safe; edited files; the warnings of the
            verdict.
    """

    state: str
    verdict: str
    reason: str
    changed: tuple[str, ...]
    application: str | None
    journal_schema: str | None
    entries: int
    at_work: bool
    last_type: str | None
    last_at: str | None
    run: LastRun | None
    rows: tuple[str, ...]
    applied: int
    held: tuple[str, ...]
    revisions: tuple[str, ...]
    seeds: tuple[str, ...]
    failure: StoredFailure | None
    backup: str | None
    edited: tuple[dict[str, str | None], ...]
    warnings: tuple[str, ...]

    def data(self) -> dict[str, object]:
        """The status in dictionaries and lists, for JSON."""
        return asdict(self)


def status_of(seen: Look, verdict: Verdict, at_work: bool) -> Status:
    """Make the status of what was seen.

    Args:
        seen: The look.
        verdict: What `judge` concluded from it.
        at_work: Whether a process holds the baton.
    """
    known = seen.knowledge
    failure = verdict.failure
    return Status(
        state=known.state if seen.exists else "unknown",
        verdict=verdict.kind,
        reason=AT_WORK if at_work and verdict.reason == INTERRUPTED else verdict.reason,
        changed=verdict.changed,
        application=known.application,
        journal_schema=seen.journal.schema if seen.exists else None,
        entries=known.seq,
        at_work=at_work,
        last_type=known.last_type,
        last_at=known.last_at,
        run=_last_run(seen),
        rows=seen.rows,
        applied=len(known.applied),
        held=tuple(known.held),
        revisions=verdict.revisions,
        seeds=tuple(name for name, record in known.seeds.items() if record.complete),
        failure={
            "seq": failure.seq,
            "at": failure.at,
            "retry_in": verdict.retry_in,
            "error": to_store(read_stored(failure.error)),
        }
        if failure
        else None,
        backup=known.backup.place if known.backup else None,
        edited=tuple(edit.data() for edit in seen.edited),
        warnings=(
            *filter(None, (seen.read_only,)),
            *seen.cautions,
            *sentences(seen.edited),
            *verdict.warnings,
        ),
    )


def _last_run(seen: Look) -> LastRun | None:
    run = seen.knowledge.last_run
    if run is None:
        return None
    by = run.by
    return LastRun(run.run, run.at, by.get("host"), by.get("pid"), by.get("app"), run.reason, run.ended)
