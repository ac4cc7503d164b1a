"""The verdict: what a process concludes from the journal's knowledge and its own code. Pure; writes
nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from initdb.events.head import Head
from initdb.events.journal import NOWHERE, Journal
from initdb.events.knowledge import Failure, Judgement, Knowledge

Kind = Literal["ready", "failed", "held", "ahead", "work"]

BACKOFF_FIRST, BACKOFF_LIMIT = 1.0, 60.0
"""Pause, in s, before a failure that can pass by itself is tried again: doubled with each attempt, capped."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a process sees before it decides: the folded journal, its own code, the database as it is.

    Args:
        knowledge: what the journal says, folded.
        code: part → hash, of the parts that this process can know.
        catalog: the hash of the database's catalogue; None where it was not read.
        unknown: version rows that this process's scripts do not know.
        pending: revision → file hash, still to apply.
        clock: the database's time, in s.
        rows: the version rows.
        journal: where the journal is, or will be.
        exists: whether the journal is there already.
        head: the journal's last entry, as its head says.
        read_only: why nothing can be written here; empty if it can.
        rewound: the journal lacks what this process saw of it before: a backup was restored, or a failover
            lost commits.
        cautions: settings of the server under which a commit can be lost, as sentences.
    """

    knowledge: Knowledge
    code: Mapping[str, str]
    catalog: str | None
    unknown: tuple[str, ...] = ()
    pending: Mapping[str, str] = field(default_factory=dict)
    clock: float = 0.0
    rows: tuple[str, ...] = ()
    journal: Journal = NOWHERE
    exists: bool = False
    head: Head | None = None
    read_only: str = ""
    rewound: bool = False
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows: nothing to do (ready, held, ahead, failed), or work and why."""

    kind: Kind
    reason: str = ""
    changed: tuple[str, ...] = ()
    revisions: tuple[str, ...] = ()
    failure: Failure | None = None
    retry_in: float | None = None
    warnings: tuple[str, ...] = ()


def matches(recorded: Mapping[str, str], mine: Mapping[str, str]) -> bool:
    """Whether `recorded` says all that this process knows of its code; what it cannot know does not differ.

    A part that was not recorded does: code that has got its first seeds is other code.
    """
    return all(recorded.get(part) == digest for part, digest in mine.items())


def judge(look: Look, override: int | None = None) -> Verdict:
    """The verdict. `override`: the seq of the failure that a person said to try again."""
    known = look.knowledge
    if look.unknown:
        return Verdict("ahead", revisions=look.unknown)
    judgement = _judgement(look)
    if judgement and judgement.failure:
        return _failed(look, judgement.failure, override)
    if judgement:
        return Verdict("ready", warnings=judgement.warnings)
    held = held_back(known.held, look.pending)
    if held:
        return Verdict("held", revisions=held)
    return Verdict("work", *_why(look))


def _judgement(look: Look) -> Judgement | None:
    known = look.knowledge
    if known.catalog is None or known.catalog != look.catalog:
        return None
    return next((one for one in reversed(known.judgements) if matches(one.code, look.code)), None)


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
    """The pending revisions that were reverted and whose file is still the same."""
    return tuple(name for name, digest in pending.items() if name in held and held[name] in (None, digest))


def _why(look: Look) -> tuple[str, tuple[str, ...]]:
    known = look.knowledge
    if known.last_run is None:
        return "first boot", ()
    if known.last_run.ended is None:
        return "interrupted", ()
    if known.catalog is None:
        return "unfinished", ()
    if look.catalog is None:
        return "a table is locked, so that its definition cannot be read", ()
    changed = list(_changed(known.judgements, look.code))
    if known.catalog != look.catalog:
        changed.append("catalog")
    return "changed", tuple(changed)


def _changed(judgements: Collection[Judgement], code: Mapping[str, str]) -> tuple[str, ...]:
    """The parts in which this code differs from the last that was judged."""
    if not judgements:
        return ()
    last = list(judgements)[-1].code
    return tuple(part for part in sorted(code) if last.get(part) != code[part])
