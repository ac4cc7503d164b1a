"""Operators and functions of strangers on the search_path, which would run in place of the server's own.

initdb's own statements look nothing up there. Those that SQLAlchemy writes do: for them the schemas in
question are taken off the path, where that is possible.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from initdb.events.memory import memory
from initdb.events.postgresql_trust import strangers
from initdb.events.search_path import pinned, restoring
from initdb.events.statements import AnyConnection, run

_NAMED_LIKE_OURS = """
SELECT n.nspname::text, pg_get_userbyid(o.oprowner)::text,
    min('the operator ' || n.nspname || '.' || o.oprname)
FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
WHERE n.nspname::text = ANY(CAST(:path AS text[])) AND EXISTS (SELECT FROM pg_operator b
    WHERE b.oprname = o.oprname AND b.oprnamespace = 'pg_catalog'::regnamespace)
GROUP BY 1, 2
UNION ALL
SELECT n.nspname::text, pg_get_userbyid(p.proowner)::text,
    min('the function ' || n.nspname || '.' || p.proname || '()')
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname::text = ANY(CAST(:path AS text[])) AND EXISTS (SELECT FROM pg_proc b
    WHERE b.proname = p.proname AND b.pronamespace = 'pg_catalog'::regnamespace)
GROUP BY 1, 2
"""

_KEY = "initdb_shadows"


def shadows(connection: AnyConnection) -> Mapping[str, str]:
    """The schemas of the path in which strangers have such objects, each with a sentence that names one.

    They are asked for once for each connection.

    Args:
        connection: In a transaction.
    """
    known = memory(connection)
    if _KEY not in known:
        with pinned(connection) as path:
            rows = run(connection, _NAMED_LIKE_OURS, {"path": list(path)})
            unknown = strangers(connection, {row[1] for row in rows}, ())
        known[_KEY] = {
            schema: f"{owner} owns {what}, which can run in the statements of a boot with its role's rights."
            for schema, owner, what in rows
            if owner in unknown
        }
    found: Mapping[str, str] = known[_KEY]
    return found


@contextlib.contextmanager
def shielded(connection: AnyConnection) -> Iterator[str | None]:
    """For the length of a block, leave such schemas out of the search_path. Without any, nothing is changed.

    Args:
        connection: In a transaction.

    Yields:
        The default schema, if it is not on the path any more, so that its tables have to be named with it.
    """
    if not (bad := shadows(connection)):
        yield None
        return
    now = (
        "SELECT pg_catalog.current_schemas(false)::pg_catalog.text[],"
        " pg_catalog.current_setting('search_path')"
    )
    path, before = run(connection, now)[0]
    left = [schema for schema in path if schema not in bad]
    change = "SELECT pg_catalog.set_config('search_path', :path, true)"
    quoted = ", ".join('"' + schema.replace('"', '""') + '"' for schema in ("pg_catalog", *left, "pg_temp"))
    run(connection, change, {"path": quoted})
    with restoring(connection, lambda: run(connection, change, {"path": before})):
        yield path[0] if path and path[0] in bad else None
