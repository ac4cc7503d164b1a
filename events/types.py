"""The types of events, and what each one means. No type is ever removed."""

from __future__ import annotations

from collections.abc import Mapping

STATES = ("unknown", "empty", "unmanaged", "behind", "unseeded", "unproven", "defective", "ready")
"""The states of the machine, for the guards. `initdb.statemachine.table` says what they mean."""

TYPE = "^[a-z][a-z0-9_]{0,62}$"
"""The form of the name of a type, as a regular expression of PostgreSQL."""

AT = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z$"
"""The form of the time of an event, likewise."""

LONGEST = 64 * 1024 * 1024
"""The longest text of an event, in bytes."""

EVENTS: Mapping[str, str] = {
    "run_started": "A process took the baton and began to work.",
    "run_resumed": "A process went on from where the run of another process was interrupted.",
    "run_continued": "The process of this run lost its place (its connection, say), and goes on.",
    "database_inspected": "The database was looked at; the state that follows is what was found.",
    "schema_created": "The tables were created and, where there are revisions, stamped.",
    "schema_adopted": "Tables that were there already were found to match the models and taken over.",
    "migration_applied": "One revision was applied (or marked as applied by a person).",
    "seed_batch_applied": "A batch of a seed source was written; complete says whether it was its last.",
    "health_validated": "Everything was checked and the database is ready.",
    "defects_found": "Checking found what must be repaired.",
    "repair_applied": "What could be repaired without risk to data was repaired.",
    "migration_reverted": "One revision was rolled back; it is held until it is released or changed.",
}
"""Transitions: each moves the machine from one state to another."""

PROGRESS = frozenset(
    {
        "schema_created",
        "schema_adopted",
        "migration_applied",
        "migration_reverted",
        "seed_batch_applied",
        "repair_applied",
    }
)
"""The transitions that change the application's database. An attempt without one of them made no progress."""

NOTES: Mapping[str, str] = {
    "journal_created": "The journal's own tables were created.",
    "database_created": "The database itself was missing, and was created before the journal.",
    "backup_made": "A backup is complete; the next change of the database follows it.",
    "database_restored": "A person restored the database from a backup; the entries before are the backup's.",
    "journal_upgraded": "The journal's own tables were brought to a newer version.",
    "entry_set_aside": "A person said that nothing follows from an entry that should not be in the journal.",
    "entries_archived": "A person moved old entries to a file.",
    "rights_revoked": "Rights were taken from other roles with which they could have changed the journal.",
    "run_stopped": "A run ended before ready: by command, by signal, or standing back.",
    "step_started": "A step that cannot be transactional is about to begin.",
    "statement_started": "A statement outside a transaction is about to be sent.",
    "step_failed": "A step failed; the error is stored as it was shown.",
    "hold_released": "A held revision may be applied again.",
    "password_set": "A person gave a user of the identity schema another password.",
    "outage": "The database could not be reached for a time.",
    "override": "A person overruled a failure or a doubt.",
    "history_rewound": "The journal is older than what a process saw of it: a restored backup or a failover.",
    "baseline": "The catalogue changed outside the journal; what is there now is what is compared with.",
    "checkpoint": "The head was published outside the database.",
    "snapshot": "What the entries before it say, so that reading can begin here.",
    "inventory": "What the ready database has of the models, by which a later boot tells what was lost.",
}
"""Notes: they report something and leave the state as it is."""

UNSEEN = frozenset({"snapshot", "inventory", "statement_started"})
"""Notes for later boots. They are not shown."""

SPOOLED = frozenset({"outage", "history_rewound", "database_created"})
"""Notes that can be made while there is no journal to write to. They come from a spool; others do not."""
