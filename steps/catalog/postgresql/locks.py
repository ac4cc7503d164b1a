# ruff: noqa: S608 (put together from constants alone)
"""Which sessions of PostgreSQL hold locks on tables of this database."""

from __future__ import annotations

from collections.abc import Collection

from initdb.events.head import NAMES
from initdb.steps.catalog.asking import Ask
from initdb.steps.catalog.lock_holder import LockHolder
from initdb.steps.catalog.postgresql.lines import FIRST_ON_PATH

_NAMED = "coalesce(nullif(a.application_name, ''), nullif(a.backend_type, 'client backend'), '')"

# A prepared transaction has no process. All its locks have one virtual id, also the one on its own number.
_OF_PREPARED = """LEFT JOIN pg_locks m ON l.pid IS NULL AND m.pid IS NULL AND m.granted
        AND m.locktype = 'transactionid' AND m.virtualtransaction = l.virtualtransaction
    LEFT JOIN pg_prepared_xacts x ON x.transaction = m.transactionid"""

_SINCE = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

_HOLDERS = f"""SELECT l.pid, x.gid, {_NAMED},
        coalesce(a.usename, x.owner, ''), coalesce(a.state, ''),
        {_SINCE.format("coalesce(a.xact_start, x.prepared)")},
        array_agg(DISTINCT CASE WHEN {FIRST_ON_PATH} THEN '' ELSE n.nspname || '.' END
            || c.relname)
    FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_stat_activity a ON a.pid = l.pid
    {_OF_PREPARED}
    WHERE l.locktype = 'relation' AND l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND c.oid >= 16384 AND c.relkind IN ('r', 'p', 'm')
    AND CASE WHEN :any THEN c.relname <> ALL (CAST(:own AS text[]))
        ELSE c.relname = ANY (CAST(:names AS text[])) END
    AND (:readers OR l.mode <> 'AccessShareLock')
    GROUP BY l.pid, x.gid, a.application_name, a.backend_type, a.usename, x.owner, a.state, a.xact_start,
        x.prepared
    ORDER BY coalesce(a.xact_start, x.prepared), l.pid"""
"""Without pg_read_all_stats, a role sees only the process and the user of other sessions."""

_PREPARED = f"""SELECT DISTINCT x.gid, x.owner, {_SINCE.format("x.prepared")}
    FROM pg_locks l {_OF_PREPARED}
    WHERE l.locktype = 'advisory' AND l.pid IS NULL AND x.database = current_database() ORDER BY 1"""

_PROCESSES = f"""SELECT a.pid, {_NAMED}, coalesce(a.usename, ''), coalesce(a.state, '')
    FROM pg_stat_activity a WHERE a.pid = ANY (CAST(:pids AS integer[])) ORDER BY a.pid"""


def lock_holders(ask: Ask, names: Collection[str] | None, *, readers: bool) -> tuple[LockHolder, ...]:
    """See `initdb.steps.catalog.port.Content.lock_holders`."""
    values = {"any": names is None, "names": sorted(names or ()), "readers": readers, "own": list(NAMES)}
    return tuple(
        LockHolder(tuple(tables), pid, gid or "", application, role, since or "", doing)
        for pid, gid, application, role, doing, since, tables in ask(_HOLDERS, values)
    )


def processes(ask: Ask, pids: Collection[int]) -> tuple[LockHolder, ...]:
    """See `initdb.steps.catalog.port.Content.processes`."""
    found = ask(_PROCESSES, {"pids": sorted(pids)})
    return tuple(
        LockHolder((), pid, application=name, role=role, doing=doing) for pid, name, role, doing in found
    )


def prepared(ask: Ask) -> tuple[LockHolder, ...]:
    """See `initdb.steps.catalog.port.Content.prepared`."""
    return tuple(LockHolder((), prepared=gid, role=role, since=since) for gid, role, since in ask(_PREPARED))
