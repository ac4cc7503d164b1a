"""status: where a database stands, what a boot would conclude, and who is at work. Plain data, from what was
seen."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TypedDict

from initdb.statemachine.decide.verdict import Look, Verdict


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last run. `ended`: ready, failed or stopped; None where it is at work or was interrupted."""

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
    """`state`: as the journal says. `verdict`: ready, work, failed, held or ahead, as this process's code
    concludes.

    `reason`: why there is work. `entries`: how many the journal has. `rows`: the version rows. `at_work`:
    whether a process holds the baton; it is then `run`. `last`: type and time of the last entry.
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
    warnings: tuple[str, ...]

    def data(self) -> dict[str, object]:
        """It as JSON-able data."""
        return asdict(self)


def status_of(seen: Look, verdict: Verdict, at_work: bool) -> Status:
    """What was seen, as a person asks for it."""
    known = seen.knowledge
    failure = verdict.failure
    return Status(
        state=known.state if seen.exists else "unknown",
        verdict=verdict.kind,
        reason=verdict.reason,
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
            "error": dict(failure.error),
        }
        if failure
        else None,
        warnings=verdict.warnings,
    )


def _last_run(seen: Look) -> LastRun | None:
    run = seen.knowledge.last_run
    if run is None:
        return None
    by = run.by
    return LastRun(run.run, run.at, by.get("host"), by.get("pid"), by.get("app"), run.reason, run.ended)
