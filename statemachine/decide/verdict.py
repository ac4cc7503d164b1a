"""The verdict: what a process concludes from the journal's knowledge and its own code. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from initdb.events.head import Head
from initdb.events.journal import NOWHERE, Journal
from initdb.events.knowledge import Failure, Judgement, Knowledge
from initdb.steps.survey.edits import Edit

Kind = Literal["ready", "failed", "held", "ahead", "work"]

INTERRUPTED = "interrupted"
"""Why there is work if a run has begun and has not ended. Only its lock says whether it is still at work."""

BACKOFF_FIRST, BACKOFF_LIMIT = 1.0, 60.0
"""The first and the longest pause before the retry of a failure that may pass, in seconds. It doubles."""

WORTH_WAITING = 5.0
"""The longest pause, in seconds, that is waited out before a failure is retried that can pass by itself."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a process sees before it decides: the folded journal, its own code, and the database as it is.

    Args:
        knowledge: What the journal says, folded.
        code: Part → hash, for the parts that this process knows.
        catalog: The hash of the database's catalogue; None if it was not read.
        unknown: The version rows that no revision file of this process has.
        overlapping: The version rows that another row implies. Alembic refuses to go on from them.
        pending: Revision → hash of its file, for those that are still to be applied; only if some are held.
        clock: The database's time, in seconds since 1970.
        rows: The version rows.
        journal: Where the journal is, or will be.
        exists: Whether the journal exists.
        head: The head of the journal.
        read_only: Why nothing can be written here; empty if it can.
        rewound: Whether the journal lacks what this process saw in it before. A backup was restored, or a
            failover lost commits.
        cautions: Settings of the server under which a commit can be lost, as sentences.
        edited: The files that were edited since they were applied.
    """

    knowledge: Knowledge
    code: Mapping[str, str]
    catalog: str | None
    unknown: tuple[str, ...] = ()
    overlapping: tuple[str, ...] = ()
    pending: Mapping[str, str] = field(default_factory=dict)
    clock: float = 0.0
    rows: tuple[str, ...] = ()
    journal: Journal = NOWHERE
    exists: bool = False
    head: Head | None = None
    read_only: str = ""
    rewound: bool = False
    cautions: tuple[str, ...] = ()
    edited: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from a look.

    Attributes:
        kind: Nothing to do (ready, held, ahead, failed), or work.
        reason: Why there is work.
        changed: The parts of the code that differ from those of the last judgement, or "catalog".
        revisions: Those that are held, or that this code does not know.
        failure: The failure that still stands, or that is retried.
        retry_in: Seconds until the failure may be retried; None if it is final.
        warnings: Of the last validation; for "ahead", where the revisions come from, if the journal knows it.
    """

    kind: Kind
    reason: str = ""
    changed: tuple[str, ...] = ()
    revisions: tuple[str, ...] = ()
    failure: Failure | None = None
    retry_in: float | None = None
    warnings: tuple[str, ...] = ()


def waits_out(verdict: Verdict) -> bool:
    """Whether a boot waits until it may retry the failure that it found."""
    return verdict.retry_in is not None and verdict.retry_in <= WORTH_WAITING


def matches(recorded: Mapping[str, str], mine: Mapping[str, str]) -> bool:
    """Whether recorded code is that of this process. Only the parts that this process knows are compared.

    A part that was not recorded differs: code that has got its first seeds is other code.

    Args:
        recorded: Part → hash, as an event has it.
        mine: Part → hash, of this process.
    """
    return all(recorded.get(part) == digest for part, digest in mine.items())


def judge(look: Look, override: int | None = None) -> Verdict:
    """Conclude what follows from a look.

    Args:
        look: What the process sees.
        override: The number of the entry with the failure that a person ordered to retry.
    """
    known = look.knowledge
    if look.unknown:
        return Verdict("ahead", revisions=look.unknown, warnings=_where_from(look))
    judgement = judgement_of(known, look.catalog, look.code)
    if judgement and judgement.failure:
        return _failed(look, judgement.failure, override)
    if look.overlapping:
        return Verdict("work", "version rows that imply each other", look.overlapping)
    if judgement:
        return Verdict("ready", warnings=judgement.warnings)
    held = held_back(known.held, look.pending)
    if held:
        return Verdict("held", revisions=held)
    return Verdict("work", *_why(look))


def _where_from(look: Look) -> tuple[str, ...]:
    """The files of the revisions that this code does not know: newer code has them, or they were lost."""
    applied = [look.knowledge.applied.get(name) for name in look.unknown]
    files = [f"{one.file} at {one.at[:19].replace('T', ' ')}Z" for one in applied if one and one.file]
    if not files:
        return ()
    return (
        f"initdb applied {', '.join(files)}. Deploy the code that has it, or restore a file that was lost.",
    )


def judgement_of(known: Knowledge, catalog: str | None, code: Mapping[str, str]) -> Judgement | None:
    """What this code has concluded of the database as it is; None if it has concluded nothing.

    Args:
        known: What the journal says.
        catalog: The hash of the database's catalogue; None if it was not read.
        code: Part → hash, of this process.
    """
    if known.catalog is None or known.catalog != catalog:
        return None
    return next((one for one in reversed(known.judgements) if matches(one.code, code)), None)


def _failed(look: Look, failure: Failure, override: int | None) -> Verdict:
    if failure.seq == override:
        return Verdict("work", "resume", failure=failure)
    if not failure.error.get("passing"):
        return Verdict("failed", failure=failure)
    pause = min(BACKOFF_LIMIT, BACKOFF_FIRST * 2 ** min(failure.attempt - 1, 10))
    left = failure.clock + pause - look.clock
    if left <= 0 or left > pause:
        return Verdict("work", "retry", failure=failure)
    return Verdict("failed", failure=failure, retry_in=left)


def held_back(held: Mapping[str, str | None], pending: Mapping[str, str]) -> tuple[str, ...]:
    """The pending revisions that were rolled back and whose file is still the same.

    Args:
        held: Revision → hash of its file when it was rolled back.
        pending: Revision → hash of its file now.
    """
    return tuple(name for name, digest in pending.items() if name in held and held[name] in (None, digest))


def _why(look: Look) -> tuple[str, tuple[str, ...]]:
    known = look.knowledge
    if known.last_run is None:
        return "first boot", ()
    if known.last_run.ended is None:
        return INTERRUPTED, ()
    if known.catalog is None:
        return "unfinished", ()
    if look.catalog is None:
        return "a table is locked, so that its definition cannot be read", ()
    changed = list(_changed(known.judgements, look.code))
    if known.catalog != look.catalog:
        changed.append("catalog")
    return "changed", tuple(changed)


def _changed(judgements: Collection[Judgement], code: Mapping[str, str]) -> tuple[str, ...]:
    """The parts in which this code differs from the code that was judged last."""
    if not judgements:
        return ()
    last = list(judgements)[-1].code
    return tuple(part for part in sorted(code) if last.get(part) != code[part])
