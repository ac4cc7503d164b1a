"""The head of a journal, and the signals of the loop: why an append was not possible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

SCHEMA_VERSION = 5
"""The version of the journal's own tables that this code creates."""

WRITER = 1
"""The version of this code as a writer. It does not write to a journal whose `min_writer` is higher."""

MIN_WRITER = 1
"""The `min_writer` of a journal that this code creates or upgrades."""

NAMES = ("init_journal", "init_journal_head", "init_journal_version")
"""The tables of a journal."""


@dataclass(frozen=True, slots=True)
class Head:
    """The row that says where the journal ends. Every append is checked against it.

    Attributes:
        seq: The number of the last entry.
        hash: The hash of the last entry.
        schema_version: The version of the journal's tables.
        min_writer: The lowest WRITER that may write to the journal.
        clock: The database's time when the head was locked, in seconds since 1970; else 0.
    """

    seq: int
    hash: str
    schema_version: int
    min_writer: int
    clock: float = 0.0


class JournalSignal(Exception):
    """A signal to the loop: roll back, and look again. A user sees only what it means.

    Attributes:
        meaning: Why the loop looks again, in words.
    """

    meaning: ClassVar[str]


class NoJournal(JournalSignal):
    """The database has no journal, or no journal any more."""

    meaning = "a table was created or dropped while this process looked"


class HeadBusy(JournalSignal):
    """Another transaction has locked the head, or a lock that was needed to read it.

    Args:
        said: What the database said.
        waited: For how many seconds it was waited for.
    """

    meaning = "another session holds the journal, or a table whose definition has to be read"

    def __init__(self, *said: object, waited: float = 0.0) -> None:
        super().__init__(*said)
        self.waited = waited


class HeadMoved(JournalSignal):
    """The head is not the one that the verdict was made from: another process has written.

    Args:
        head: The number and the hash of the last entry, if that process is still at work; else None.
    """

    meaning = "another process wrote to the journal meanwhile"

    def __init__(self, head: tuple[int, str] | None = None) -> None:
        super().__init__()
        self.head = head


class RowsMoved(JournalSignal):
    """The version rows are not those that a revision began with: plain Alembic works on the database too."""

    meaning = "plain Alembic changed the version rows meanwhile"


class ConnectionLost(JournalSignal):
    """The connection was lost. The database rolls the open transaction back."""

    meaning = "the connection to the database was lost"


class CommitInDoubt(ConnectionLost):
    """The connection was lost during COMMIT. Only the journal can say whether it was committed."""

    meaning = "the connection to the database was lost during a COMMIT"


class BatonLost(JournalSignal):
    """The connection that held the baton was lost: another process may work now."""

    meaning = "the connection that held the lock of the process at work was lost"
