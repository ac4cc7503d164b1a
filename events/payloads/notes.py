"""What the notes outside a run's work say: of the journal, of outages, of what a person released."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from initdb.events.payloads.form import Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalCreated(Payload):
    """The journal's own tables were created.

    Args:
        journal: Its id, which is that of the run that created it.
        application: Its owner.
        schema: Where it is.
        database: "sqlite" or "postgresql".
        server: The version of the database.
        dropped_by: Applied revisions that dropped the journal before this one; None if there was none.
        made_schema: Whether its schema was missing, and was created with it. 0.1.0 does not say so.
    """

    type: ClassVar[str] = "journal_created"

    journal: str | None
    application: str | None
    schema: str | None = None
    database: str = ""
    server: str = ""
    dropped_by: tuple[str, ...] | None = None
    made_schema: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseCreated(Payload):
    """The database was missing, and initdb created it.

    Args:
        name: Its name.
        server: Its name and its server, as people read it.
        allowed_by: "setting", or "person" if one at a terminal was asked.
    """

    type: ClassVar[str] = "database_created"

    name: str
    server: str = ""
    allowed_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupMade(Payload):
    """A backup was made, and nothing was changed yet.

    Args:
        file: Its file, or its folder; None if the command keeps it elsewhere.
        command: The command that made it, as the setting has it; None for a SQLite file.
        size: Its size, in bytes.
        digest: Its SHA-256.
        ms: How long it took, in milliseconds.
    """

    type: ClassVar[str] = "backup_made"

    file: str | None = None
    command: str | None = None
    size: int | None = None
    digest: str | None = None
    ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseRestored(Payload):
    """The database was restored from a backup. The entries before this one are those of the backup.

    Args:
        backup: The file of the backup.
        digest: Its SHA-256.
        replaced: The file that keeps what was there before; None if there was nothing.
        was: The number of the last entry of the journal that was replaced; None if it could not be read.
        was_hash: The hash of that entry.
        is_: The number of the last entry of the backup.
        reason: Why, in the person's words.
    """

    type: ClassVar[str] = "database_restored"

    backup: str
    digest: str | None = None
    replaced: str | None = None
    was: int | None = None
    was_hash: str | None = None
    is_: int = 0
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalUpgraded(Payload):
    """The journal's own tables were upgraded from one version to another."""

    type: ClassVar[str] = "journal_upgraded"

    from_: int
    to: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsRevoked(Payload):
    """Rights on the journal's tables with which others could have changed it, or run code as its owner.

    Args:
        statements: What was sent.
    """

    type: ClassVar[str] = "rights_revoked"

    statements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldReleased(Payload):
    """Revisions that were held may be applied again.

    Args:
        revisions: The revisions.
        reason: Why, in the words of the person who released them. 0.1.0 does not say so.
    """

    type: ClassVar[str] = "hold_released"

    revisions: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordSet(Payload):
    """A person gave a user of the identity schema another password. It is not stored here, nor is its hash.

    Args:
        username: The name of the account.
        must_change: Whether it must be changed at the next log-in.
        reason: Why, in the person's words.
    """

    type: ClassVar[str] = "password_set"

    username: str
    must_change: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage(Payload):
    """The database could not be used for a time.

    Args:
        first: The time of the first try.
        last: The time of the last try.
        count: How many tries there were.
        reference: The reference of the error.
        context: Its lines of context.
    """

    type: ClassVar[str] = "outage"

    first: str
    last: str
    count: int = 0
    reference: str
    context: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRewound(Payload):
    """The journal ends before what a process saw in it. That was entry `was`; now entry `is_` is the last."""

    type: ClassVar[str] = "history_rewound"

    was: int
    is_: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryTaken(Payload):
    """What a database has of the models, when it becomes ready.

    Args:
        objects: Table → object → hash of its definition in the models.
        rows: The tables that have rows.
    """

    type: ClassVar[str] = "inventory"

    objects: Mapping[str, object]
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrySetAside(Payload):
    """Nothing follows from an entry any more. It stays where it is.

    Args:
        seq: Its number.
        hash: Its hash, as it is stored.
        was: The type that it says it has.
        reason: Why a person set it aside.
    """

    type: ClassVar[str] = "entry_set_aside"

    seq: int
    hash: str
    was: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntriesArchived(Payload):
    """The entries from the second one on were moved to a file.

    Args:
        first: The hash of the first entry, which stays.
        upto: The number of the last one that was moved.
        hash: Its hash, which the next entry carries.
        file: The name of the file, which has every entry up to this one, also those that stayed.
        digest: The SHA-256 of the file.
        reason: Why a person moved them.
    """

    type: ClassVar[str] = "entries_archived"

    first: str
    upto: int
    hash: str
    file: str = ""
    digest: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(Payload):
    """What the entries before it say, so that reading can begin here.

    Args:
        fold: The version of the rules that made it.
        knowledge: What `initdb.events.snapshot.stored` returned.
    """

    type: ClassVar[str] = "snapshot"

    fold: int
    knowledge: Mapping[str, object]
