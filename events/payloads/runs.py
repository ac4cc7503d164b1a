"""What the events of a run say: how it began, went on, stopped or failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from initdb.events.payloads.form import Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Payload):
    """A process began to work.

    Args:
        reason: why, or what a person ordered.
        changed: the parts of the code that differ from those of the last judgement.
        code: part of the code → its hash.
        attempt: which try of this code it is since anything was done.
        sessions: "baton" and "work" → the process id of the session, on PostgreSQL.
        database: which of several databases it is.
    """

    type: ClassVar[str] = "run_started"

    reason: str
    changed: tuple[str, ...] = ()
    code: Mapping[str, object]
    attempt: int = 1
    sessions: Mapping[str, object]
    database: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResumed(RunStarted):
    """A process went on where another one's run was interrupted.

    Args:
        interrupted: that run: its id, who made it, the state it left, its last event, and when that was.
    """

    type: ClassVar[str] = "run_resumed"

    interrupted: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContinued(Payload):
    """A process went on with its own run.

    Args:
        reason: what made it look again.
        lost: how often in a row that happened without progress.
        sessions: as of `RunStarted`.
    """

    type: ClassVar[str] = "run_continued"

    reason: str
    lost: int = 0
    sessions: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStopped(Payload):
    """A run ended before ready.

    Args:
        why: the signal, or the order that was carried out.
        during: the work that the signal cut off; None after an order.
    """

    type: ClassVar[str] = "run_stopped"

    why: str
    during: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFailed(Payload):
    """A step failed.

    Args:
        step: the work, or what a person asked for.
        state: the state that it failed in.
        error: as `initdb.errors.Rendered.as_stored` gives it.
        asked: whether a person asked for it; of the code it then says nothing.
        code, catalog, clock: as of `HealthValidated`.
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
        step: migrate or roll_back.
        subject: the revision.
        digest: the hash of its file.
        statements: marks of what it had sent before; None where it cannot be repeated.
        xid: the transaction that said so first, on PostgreSQL.
    """

    type: ClassVar[str] = "step_started"

    step: str
    subject: str
    digest: str | None = None
    statements: tuple[str, ...] | None = None
    xid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Override(Payload):
    """A person overruled a failure or a doubt.

    Args:
        overrides: the entry of the failure.
        retry: revisions to apply again.
        reseed: seed sources to go through again.
    """

    type: ClassVar[str] = "override"

    overrides: int | None = None
    retry: tuple[str, ...] = ()
    reseed: tuple[str, ...] | None = None
