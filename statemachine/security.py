"""Logs what matters to security, with fields, to the logger `initdb.security`: refusals, findings, orders."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from initdb.errors.redact import url_text
from initdb.errors.safe import safe_text
from initdb.statemachine.author import user_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from initdb.errors import InitError, Rendered
    from initdb.events.entry import Entry

logger = logging.getLogger("initdb.security")
logger.addHandler(logging.NullHandler())  # without it Python prints warnings that nobody handles

DENIED = frozenset(
    {
        "authentication-failed",
        "database-permission-denied",
        "file-permission-denied",
        "journal-permission",
        "login-paused",
        "journal-not-owned",
        "tls-failed",
    }
)
"""Errors by which a server or a system kept this process out."""

REFUSED = frozenset(
    {"archive-refused", "order-refused", "order-without-reason", "set-aside-refused", "take-over-refused"}
)
"""Errors by which an order of a person was refused."""

FINDINGS = frozenset(
    {
        "admin-password-unreadable",
        "admin-password-weak",
        "checkpoint-key-unusable",
        "entry-refused",
        "file-changed-meanwhile",
        "foreign-journal-table",
        "journal-dropped",
        "journal-incomplete",
        "journal-of-a-stranger",
        "journal-place-taken",
        "journal-tampered",
        "journal-trigger-missing",
        "journal-unsafe",
        "manifest-unusable",
        "not-in-manifest",
        "settings-file-refused",
        "shared-folder",
        "side-file-refused",
    }
)
"""Errors about something that an attacker, or an accident, has left."""

ORDERS = frozenset(
    {
        "database_restored",
        "entries_archived",
        "entry_set_aside",
        "hold_released",
        "migration_reverted",
        "override",
        "password_set",
    }
)
"""Events that a person ordered."""

SEEN = frozenset({"history_rewound", "rights_revoked"})
"""Events about something that was found."""


_BEGUN = frozenset({"run_started", "run_resumed"})


def tell_error(error: InitError | Rendered, database: str | None, role: str | None) -> None:
    """Log the error with which a run or a command ends, if it matters to security.

    Args:
        error: The error.
        database: The database, without a password; None if it is not known.
        role: The role that this process works as; None if it is not known.
    """
    kinds = (("denied", DENIED), ("refused", REFUSED), ("finding", FINDINGS))
    for kind, references in kinds:
        if error.reference in references:
            said = "; ".join(error.context)
            _tell(kind, error.reference, said, {"database": database, "role": role})


def tell_entries(entries: Iterable[Entry], engine: Engine) -> None:
    """Log the events that a person ordered, and those about something that was found.

    Args:
        entries: Entries that this process has committed.
        engine: The engine of their database.
    """
    from initdb.statemachine.render.sentences import told

    for entry in entries:
        marked = entry.type in ("migration_applied", "schema_adopted") and entry.data.get("marked")
        ordered = entry.type in ORDERS or marked or (entry.type in _BEGUN and "why" in entry.data)
        if ordered or entry.type in SEEN:
            by = {name: entry.by.get(name) for name in ("role", "user")}
            more = {"database": url_text(engine.url), **by, "seq": entry.seq, "run": entry.run}
            _tell("order" if ordered else "finding", entry.type, told(entry), more)


def tell_finding(said: str, seq: int, engine: Engine) -> None:
    """Log what a check of the journal found.

    Args:
        said: The finding, as a sentence.
        seq: The number of the entry that it is about.
        engine: The engine of the database.
    """
    more = {"database": url_text(engine.url), "role": engine.url.username, "seq": seq}
    _tell("finding", "verify-finding", said, more)


def _tell(kind: str, event: str, said: str, more: Mapping[str, object]) -> None:
    level = logging.INFO if kind == "order" else logging.WARNING
    fields = {"database": None, "role": None, "user": user_of(os.geteuid()), **more}
    said = safe_text(said)
    named = {"kind": kind, "event": event, "said": said, **fields}
    logger.log(level, "%s %s: %s", kind, event, said, extra=named)
