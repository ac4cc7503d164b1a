"""The head row of a journal, and what it means when it cannot be had."""

from __future__ import annotations

from dataclasses import dataclass

SCHEMA_VERSION = 3
"""The version of the journal's own tables that this code makes."""

WRITER = 1
"""What this code can write: it refuses a journal whose `min_writer` is higher."""

MIN_WRITER = 1
"""What a journal that this code makes or upgrades asks of those who write to it."""

NAMES = ("init_journal", "init_journal_head", "init_journal_version")
"""Every table of a journal."""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the journal: the fence that every append is checked against. `clock`: the database's, in
    s."""

    seq: int
    hash: str
    schema_version: int
    min_writer: int
    clock: float = 0.0


class JournalSignal(Exception):
    """Not an error that a user sees: something the loop answers by dropping everything and looking again."""


class NoJournal(JournalSignal):
    """There is no journal here (yet)."""


class HeadBusy(JournalSignal):
    """Somebody else holds the head; no answer, ask again."""


class HeadMoved(JournalSignal):
    """The head is not the one that the decision was made from."""


class ConnectionLost(JournalSignal):
    """The connection is gone; nothing of the open transaction was kept."""


class CommitInDoubt(ConnectionLost):
    """The connection went while COMMIT was on its way: only the journal knows whether it arrived."""


class BatonLost(JournalSignal):
    """The connection that held the baton is gone: this process is no longer the one that works."""
