"""A glance of a process that waits: has the head moved, and who holds the baton? One small statement."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from initdb.events import naming
from initdb.events.advisory import keys
from initdb.events.journal import Journal
from initdb.events.postgresql import LIMITS_WAITING, POSTGRESQL
from initdb.events.sessions import session
from initdb.events.statements import run

_IS = "OPERATOR(pg_catalog.=)"
_HELD = f"""
SELECT h.seq, h.hash, ARRAY(
    SELECT l.pid FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_database d ON d.oid {_IS} l.database
    WHERE l.locktype {_IS} 'advisory' AND l.granted
    AND d.datname {_IS} pg_catalog.current_database()
    AND (l.classid::pg_catalog.int8 OPERATOR(pg_catalog.<<) 32)
        OPERATOR(pg_catalog.|) l.objid::pg_catalog.int8 {_IS} ANY (CAST(:keys AS pg_catalog.int8[]))
    ORDER BY l.pid), {LIMITS_WAITING}
FROM %s h WHERE h.id {_IS} 1
"""


@dataclass(frozen=True, slots=True)
class Glance:
    """What is seen at a glance.

    Attributes:
        head: The number and the hash of the last entry.
        holders: The sessions that hold a key of the baton, whoever they are.
    """

    head: tuple[int, str]
    holders: tuple[int, ...]


def glance(engine: Engine, journal: Journal) -> Glance | None:
    """Glance at a journal on PostgreSQL, on a connection that is not kept.

    Args:
        engine: The engine of its database.
        journal: The journal, which was found to be ours.

    Returns:
        None on SQLite, and if the head has no row.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: The database cannot be reached, or has no journal any more.
    """
    if engine.dialect.name != "postgresql":
        return None
    head = naming.literal(POSTGRESQL.at(journal.schema)) + "init_journal_head"
    with session(engine) as connection:
        rows = run(connection, _HELD.replace("::", r"\:\:") % head, {"keys": list(keys(journal, "baton"))})
    return Glance((rows[0][0], rows[0][1]), tuple(rows[0][2])) if rows else None
