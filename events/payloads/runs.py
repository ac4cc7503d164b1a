"""What the events of a run say: how it began, continued, stopped or failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from initdb.events.payloads.form import Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Payload):
    """A process began to work.

    Args:
        reason: Why, or what a person ordered.
        changed: The parts of the code that differ from those of the last judgement.
        code: Part of the code → its hash.
        attempt: Which attempt of this code it is since the last progress.
        sessions: "baton" and "work" → the process id of the session, on PostgreSQL.
        database: Which of several databases it is.
        why: Why a person gave the order, in their words. 0.1.0 does not say so.
    """

    type: ClassVar[str] = "run_started"

    reason: str
    changed: tuple[str, ...] = ()
    code: Mapping[str, object]
    attempt: int = 1
    sessions: Mapping[str, object]
    database: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResumed(RunStarted):
    """A process went on where the run of another process was interrupted.

    Args:
        interrupted: That run: its id, its process, the state it left, its last event, and when that was.
    """

    type: ClassVar[str] = "run_resumed"

    interrupted: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContinued(Payload):
    """A process went on with its own run.

    Args:
        reason: Why it had to look again.
        lost: How often in a row that happened without progress.
        sessions: As in `RunStarted`.
    """

    type: ClassVar[str] = "run_continued"

    reason: str
    lost: int = 0
    sessions: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStopped(Payload):
    """A run ended before ready.

    Args:
        why: The signal, or the order that was carried out.
        during: The work that the signal interrupted; None after an order.
    """

    type: ClassVar[str] = "run_stopped"

    why: str
    during: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFailed(Payload):
    """A step failed.

    Args:
        step: The work, or what a person ordered.
        state: The state in which it failed.
        error: What `initdb.errors.Rendered.as_stored` returned.
        asked: Whether a person ordered it. Then it says nothing about the code.
        code: As in `HealthValidated`.
        catalog: As in `HealthValidated`.
        clock: As in `HealthValidated`.
    """

    type: ClassVar[str] = "step_failed"

    step: str
    state: str = ""
    error: Mapping[str, object]
    asked: bool = False
    code: Mapping[str, object] | None = None
    catalog: str | None = None
    clock: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted(Payload):
    """A step that cannot be one transaction is about to begin.

    Args:
        step: "migrate" or "roll_back".
        subject: The revision.
        digest: The hash of its file.
        statements: Marks of the statements that it sent before; None if it cannot be repeated.
        xid: The transaction that first recorded it, on PostgreSQL.
        block: Marks of the statements that earlier runs began in the block that follows. None if those of the
            block are not recorded one by one, as in 0.1.0.
    """

    type: ClassVar[str] = "step_started"

    step: str
    subject: str
    digest: str | None = None
    statements: tuple[str, ...] | None = None
    xid: str | None = None
    block: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementStarted(Payload):
    """A revision is about to send a statement of a block outside a transaction, or the block has ended.

    Args:
        subject: The revision.
        mark: The mark of the statement, of the end of the block, or of what follows unrecorded.
    """

    type: ClassVar[str] = "statement_started"

    subject: str
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Override(Payload):
    """A person overruled a failure or a doubt.

    Args:
        overrides: The number of the failure's entry.
        retry: Revisions to apply again.
        reseed: Seed sources to apply again.
        accepts: File → hash, for edited files that are right as they are. The hash of a removed file is "".
        reason: Why, in the person's words. 0.1.0 does not say so.
    """

    type: ClassVar[str] = "override"

    overrides: int | None = None
    retry: tuple[str, ...] = ()
    reseed: tuple[str, ...] | None = None
    accepts: Mapping[str, object] | None = None
    reason: str | None = None
