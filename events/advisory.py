"""The advisory locks of a journal on PostgreSQL: their keys, who holds them, and whose hold counts.

Any role that may connect can take any advisory lock. So a lock only counts if its holder could do the work:
if it may write to the journal, or may act as a role that is trusted here. That of a prepared transaction does
not count either, since no process holds it.
"""

from __future__ import annotations

from dataclasses import dataclass

from initdb.events.chain import lock_key
from initdb.events.journal import Journal
from initdb.events.postgresql_trust import TRUSTED
from initdb.events.search_path import pinned
from initdb.events.statements import AnyConnection, run

KEYS = 4
"""How many keys a purpose has. A process takes the first one that nobody holds without a right to it."""

_HOLDERS = f"""
SELECT k.place, l.pid, coalesce(a.usename, '')::text, l.pid IS NOT NULL AND coalesce(
    {TRUSTED} OR EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
        aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) x
        WHERE n.nspname = :schema AND c.relname = 'init_journal' AND x.privilege_type = 'INSERT'
        AND CASE x.grantee WHEN 0 THEN true ELSE pg_has_role(r.oid, x.grantee, 'MEMBER') END), false)
FROM unnest(CAST(:keys AS bigint[])) WITH ORDINALITY k (number, place)
JOIN pg_locks l ON l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND l.classid::bigint = (k.number >> 32) & 4294967295 AND l.objid::bigint = k.number & 4294967295
JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
LEFT JOIN pg_stat_activity a ON a.pid = l.pid LEFT JOIN pg_roles r ON r.oid = a.usesysid
ORDER BY k.place, l.pid
"""


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold of one of the keys.

    Attributes:
        place: Which of the keys, from 1.
        pid: PostgreSQL's process id; None for a prepared transaction.
        role: The role of the session; empty for a prepared transaction, and for a role that was dropped.
        counts: Whether the holder could do the work.
    """

    place: int
    pid: int | None
    role: str
    counts: bool

    def __str__(self) -> str:
        """Who holds it, in words."""
        if self.pid is None:
            return "a prepared transaction"
        return f"session {self.pid}" + (f" of {self.role}" if self.role else "")


def keys(journal: Journal, purpose: str) -> tuple[int, ...]:
    """The keys of a purpose, in the order in which they are taken. Older versions know the first one.

    Args:
        journal: The journal.
        purpose: "baton" or "first".
    """
    more = (
        lock_key(f"{purpose} {number}", journal.application, journal.schema or "")
        for number in range(2, KEYS + 1)
    )
    return (journal.key(purpose), *more)


def holds(connection: AnyConnection, journal: Journal, purpose: str) -> tuple[Hold, ...]:
    """Who holds the keys of a purpose.

    Args:
        connection: In a transaction.
        journal: The journal.
        purpose: "baton" or "first".
    """
    values = {
        "keys": list(keys(journal, purpose)),
        "trusted": list(journal.trusted),
        "schema": journal.schema or "",
    }
    with pinned(connection):
        return tuple(Hold(*row) for row in run(connection, _HOLDERS, values))
