"""Asks PostgreSQL's catalogue whose things have a journal's names, before any of them is read."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from initdb.events.search_path import pinned
from initdb.events.statements import AnyConnection, run
from initdb.events.trust import Around, Named, Place

# The names begin with "init_journal"; the comparison of names is by their bytes, and so uses the index.
_NAMED = """
WITH named AS (
    SELECT c.oid, c.relnamespace AS place, c.relname AS name, c.relowner AS owner,
        CASE c.relkind WHEN 'r' THEN 'table' WHEN 'i' THEN 'index' WHEN 'v' THEN 'view'
            WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'foreign table'
            WHEN 'p' THEN 'partitioned table' ELSE 'type' END AS kind
    FROM pg_class c
    WHERE c.relname >= 'init_journal' AND c.relname < 'init_journam' AND c.relpersistence <> 't'
    UNION ALL
    SELECT p.oid, p.pronamespace, p.proname, p.proowner, 'function'
    FROM pg_proc p WHERE p.proname >= 'init_journal' AND p.proname < 'init_journam' AND p.pronargs = 0
    UNION ALL
    SELECT t.oid, t.typnamespace, t.typname, t.typowner, 'type'
    FROM pg_type t WHERE t.typname >= 'init_journal' AND t.typname < 'init_journam' AND t.typrelid = 0
), held AS (
    SELECT c.relowner AS owner, array_agg(DISTINCT n.nspname || '.' || c.relname) AS tables
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = ANY(CAST(:tables AS name[])) AND c.relkind IN ('r', 'p') GROUP BY c.relowner
)
SELECT n.nspname::text, named.kind, named.name::text, pg_get_userbyid(named.owner)::text,
    ARRAY[pg_get_userbyid(named.owner), pg_get_userbyid(n.nspowner)]::text[],
    coalesce((SELECT array_agg(DISTINCT t) FROM held h, unnest(h.tables) t
        WHERE pg_has_role(named.owner, h.owner, 'MEMBER')), '{}')::text[]
FROM named JOIN pg_namespace n ON n.oid = named.place
ORDER BY n.nspname <> :first, n.nspname, named.kind, named.name
"""

_PLACES = """
SELECT w.name, n.oid IS NOT NULL, coalesce(pg_get_userbyid(n.nspowner), '')::text,
    CASE WHEN n.oid IS NULL THEN has_database_privilege(d.oid, 'CREATE')
        ELSE has_schema_privilege(n.oid, 'CREATE') END
FROM unnest(CAST(:names AS text[])) w (name) LEFT JOIN pg_namespace n ON n.nspname = w.name, pg_database d
WHERE d.datname = current_database()
"""

TRUSTED = """(r.rolsuper OR pg_has_role(r.oid, d.datdba, 'MEMBER')
    OR (pg_has_role(r.oid, CAST(current_user AS name), 'MEMBER')
        AND pg_has_role(r.oid, CAST(session_user AS name), 'MEMBER'))
    OR EXISTS (SELECT FROM pg_roles g WHERE g.rolname::text = ANY(CAST(:trusted AS text[]))
        AND pg_has_role(r.oid, g.oid, 'MEMBER')))"""
"""Whether a login role `r` of the database `d` can do everything here anyway, or the settings name it."""

# PostgreSQL's pg_database_owner has one member that is in no table: the owner of the database.
STRANGERS = f"""
WITH RECURSIVE acting (owner, role) AS (
    SELECT o.rolname, CASE o.rolname WHEN 'pg_database_owner' THEN d.datdba ELSE o.oid END
    FROM pg_roles o, pg_database d
    WHERE o.rolname::text = ANY(CAST(:owners AS text[])) AND d.datname = current_database()
    UNION
    SELECT a.owner, m.member FROM acting a JOIN pg_auth_members m ON m.roleid = a.role
)
SELECT a.owner::text, min(r.rolname::text)
FROM acting a JOIN pg_roles r ON r.oid = a.role, pg_database d
WHERE d.datname = current_database() AND r.rolcanlogin AND NOT {TRUSTED}
GROUP BY a.owner
"""


def around(connection: AnyConnection, trusted: Collection[str], tables: Collection[str]) -> Around:
    """See `initdb.events.database.Database.around`."""
    with pinned(connection) as path:
        first = path[0] if path else None
        rows = run(connection, _NAMED, {"first": first or "", "tables": list(tables)})
        found = tuple(
            Named(schema, kind, name, owner, tuple(owners), tuple(holds))
            for schema, kind, name, owner, owners, holds in rows
        )
        owners = {role for one in found for role in one.owners}
        return Around(first, found, strangers(connection, owners, trusted))


def places(connection: AnyConnection, names: Collection[str], trusted: Collection[str]) -> dict[str, Place]:
    """See `initdb.events.database.Database.places`."""
    with pinned(connection):
        rows = run(connection, _PLACES, {"names": list(names)})
        unknown = strangers(connection, {row[2] for row in rows} - {""}, trusted)
        return {
            name: Place(name, exists, owner, may, unknown.get(owner, "")) for name, exists, owner, may in rows
        }


def strangers(connection: AnyConnection, owners: Collection[str], trusted: Collection[str]) -> dict[str, str]:
    """The roles among some that are not trusted, each with a stranger that may act as it.

    An owner is trusted if each login role that may act as it is a superuser, or may act as the owner of the
    database, or as this session, or as a role that the settings name.

    Args:
        connection: In a block of `pinned`.
        owners: The roles.
        trusted: The roles that the settings name.
    """
    if not owners:
        return {}
    rows: Sequence[Sequence[str]] = run(
        connection, STRANGERS, {"owners": sorted(owners), "trusted": sorted(trusted)}
    )
    return {row[0]: row[1] for row in rows}
