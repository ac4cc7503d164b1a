"""What the notes say that are not of a run's work: of the journal, of outages, of what a person released."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from initdb.events.payloads.form import Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalCreated(Payload):
    """The journal's own tables were created.

    Args:
        journal: its id: that of the run which made it.
        application: whose it is.
        schema: where it is.
        database, server: "sqlite" or "postgresql", and the version.
    """

    type: ClassVar[str] = "journal_created"

    journal: str | None
    application: str | None
    schema: str | None = None
    database: str = ""
    server: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalUpgraded(Payload):
    """The journal's own tables were brought from one version to another."""

    type: ClassVar[str] = "journal_upgraded"

    from_: int
    to: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldReleased(Payload):
    """Revisions that were held may be applied again."""

    type: ClassVar[str] = "hold_released"

    revisions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage(Payload):
    """The database could not be reached for a time.

    Args:
        first, last: the times of the first and the last try.
        count: how many tries there were.
        reference: the error's.
        context: what it said, line by line.
    """

    type: ClassVar[str] = "outage"

    first: str
    last: str
    count: int = 0
    reference: str
    context: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRewound(Payload):
    """The journal ends before what a process saw of it: entry `was` was there, entry `is_` is the last."""

    type: ClassVar[str] = "history_rewound"

    was: int
    is_: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(Payload):
    """What the entries before it say, so that reading can begin here.

    Args:
        fold: the version of the rules by which it was made.
        knowledge: as `initdb.events.snapshot.stored` gives it.
    """

    type: ClassVar[str] = "snapshot"

    fold: int
    knowledge: Mapping[str, object]
