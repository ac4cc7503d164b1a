"""Finds the parts of a journal on PostgreSQL, and the objects that would keep them from being dropped."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from initdb.events.head import NAMES
from initdb.events.parts import Part
from initdb.events.search_path import pinned
from initdb.events.shape import HEAD
from initdb.events.statements import AnyConnection, Row, run
from initdb.events.views import VIEWS

_VIEW = """c.relkind = 'v' AND c.relname = ANY(:views) AND EXISTS (SELECT FROM pg_rewrite r
    JOIN pg_depend d ON d.classid = 'pg_rewrite'\\:\\:regclass AND d.objid = r.oid
    AND d.refclassid = 'pg_class'\\:\\:regclass
    JOIN pg_class j ON j.oid = d.refobjid AND j.relname = 'init_journal'
    AND j.relnamespace = c.relnamespace WHERE r.ev_class = c.oid)"""
"""The condition for a view of the journal's own: it has such a name, and reads the journal."""

_PARTS = f"""
SELECT CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END,
    quote_ident(n.nspname) || '.' || c.relname, pg_get_userbyid(c.relowner),
    pg_has_role(c.relowner, 'USAGE') OR pg_has_role(n.nspowner, 'USAGE')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = :schema
    AND (c.relkind = 'r' AND c.relname = ANY(:tables) OR {_VIEW})
UNION ALL
SELECT 'function', quote_ident(n.nspname) || '.' || p.proname || '()',
    pg_get_userbyid(p.proowner),
    pg_has_role(p.proowner, 'USAGE') OR pg_has_role(n.nspowner, 'USAGE')
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = :schema AND p.proname = ANY(:functions) AND p.pronargs = 0
    AND p.prorettype = 'trigger'\\:\\:regtype
ORDER BY 1 DESC, 2
"""

_DEPENDENTS = f"""
WITH RECURSIVE found (classid, objid, needs, depth) AS (
    SELECT 'pg_class'\\:\\:regclass\\:\\:oid, c.oid, false, 0
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = :schema
        AND (c.relkind = 'r' AND c.relname = ANY(:tables) OR {_VIEW})
    UNION
    SELECT 'pg_proc'\\:\\:regclass\\:\\:oid, p.oid, false, 0
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = :schema AND p.proname = ANY(:functions)
    UNION
    SELECT CASE WHEN v.oid IS NULL THEN d.classid ELSE 'pg_class'\\:\\:regclass\\:\\:oid END,
        coalesce(v.oid, d.objid), f.needs OR d.deptype = 'n', f.depth + (d.deptype = 'n')\\:\\:int
    FROM found f JOIN pg_depend d ON d.refclassid = f.classid AND d.refobjid = f.objid
    LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'\\:\\:regclass AND r.oid = d.objid
    LEFT JOIN pg_class v ON v.oid = r.ev_class AND v.relkind IN ('v', 'm')
    WHERE f.depth < 50 AND coalesce(v.oid, d.objid) <> f.objid
), needing AS (
    SELECT classid, objid, max(depth) AS depth FROM found GROUP BY classid, objid HAVING bool_and(needs)
)
SELECT i.type, i.identity, a.object_names, coalesce(pg_get_userbyid(c.relowner),
    pg_get_userbyid(p.proowner), '')
FROM needing d
CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) i
CROSS JOIN LATERAL pg_identify_object_as_address(d.classid, d.objid, 0) a
LEFT JOIN pg_class c ON d.classid = 'pg_class'\\:\\:regclass AND c.oid = d.objid
LEFT JOIN pg_proc p ON d.classid = 'pg_proc'\\:\\:regclass AND p.oid = d.objid
WHERE NOT EXISTS (SELECT FROM pg_depend o WHERE o.classid = d.classid AND o.objid = d.objid
    AND o.deptype IN ('a', 'i', 'P', 'S')
    AND (o.refclassid, o.refobjid) IN (SELECT classid, objid FROM needing))
ORDER BY d.depth DESC, i.identity
"""
"""What would have to be dropped first, the last of a chain of dependent objects first.

A view depends on a table by the rule that is its query, so the view takes the place of that rule. A part of
another object, such as an index of a materialized view, is left out: it goes with that object.
"""

_WHOLE = frozenset({"view", "materialized view", "function", "procedure"})
_ON_A_TABLE = {"trigger": "DROP TRIGGER {1} ON {0};", "policy": "DROP POLICY {1} ON {0};"}
_ON_A_TABLE |= {"rule": "DROP RULE {1} ON {0};", "table constraint": "ALTER TABLE {0} DROP CONSTRAINT {1};"}


def parts(connection: AnyConnection, schema: str | None, functions: Collection[str]) -> tuple[Part, ...]:
    """See `initdb.events.database.Database.parts`.

    The views come first, since they need the tables, then the head. Readers begin with it too: in another
    order the two could deadlock.

    Args:
        connection: In a transaction that may read.
        schema: The schema of the journal; None for the session's own.
        functions: The names of the functions of a journal's triggers.
    """
    rows = _asked(connection, _PARTS, schema, functions)
    found = (Part(kind, name, f"DROP {kind.upper()} {name}", owner, ours) for kind, name, owner, ours in rows)
    return tuple(sorted(found, key=lambda part: (part.kind != "view", not part.name.endswith(f".{HEAD}"))))


def dependents(connection: AnyConnection, schema: str | None, functions: Collection[str]) -> tuple[Part, ...]:
    """See `initdb.events.database.Database.dependents`; the arguments are those of `parts`."""
    rows = _asked(connection, _DEPENDENTS, schema, functions)
    return tuple(Part(kind, name, _drop(kind, name, names), owner) for kind, name, names, owner in rows)


def _asked(
    connection: AnyConnection, query: str, schema: str | None, functions: Collection[str]
) -> list[Row]:
    names = {"tables": list(NAMES), "views": list(VIEWS), "functions": list(functions)}
    with pinned(connection) as path:
        return run(connection, query, {"schema": schema or next(iter(path), ""), **names})


def _drop(kind: str, identity: str, names: Sequence[str]) -> str:
    """The statement that removes an object. There is none for a table that inherits: it has rows."""
    if kind in _WHOLE:
        return f"DROP {kind.upper()} {identity};"
    if kind in _ON_A_TABLE and len(names) == 3:
        schema, table, name = ('"' + one.replace('"', '""') + '"' for one in names)
        return _ON_A_TABLE[kind].format(f"{schema}.{table}", name)
    return ""
