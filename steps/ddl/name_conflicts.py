"""Objects that are in the way of tables: something else under the same name."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, text

from initdb.steps.catalog.found import Key

_KINDS = {
    "v": "a view",
    "m": "a materialized view",
    "S": "a sequence",
    "i": "an index",
    "I": "an index",
    "c": "a composite type",
    "T": "a type",
}
_POSTGRESQL = text("""SELECT n.nspname, c.relname, c.relkind FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = ANY (CAST(:names AS text[]))
    AND n.nspname = ANY (CAST(:schemas AS text[])) AND c.relkind NOT IN ('r', 'p', 'f')
    UNION ALL SELECT n.nspname, t.typname, 'T' FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typname = ANY (CAST(:names AS text[])) AND n.nspname = ANY (CAST(:schemas AS text[]))
    AND t.typtype IN ('b', 'd', 'e', 'r') AND t.typelem = 0
    ORDER BY 1, 2""")
_SQLITE = text("SELECT name, type FROM sqlite_schema WHERE type IN ('view', 'index') ORDER BY name")


def in_the_way(connection: Connection, keys: Collection[Key]) -> tuple[str, ...]:
    """For each of the tables whose name another kind of object has, a sentence that says which."""
    if connection.dialect.name == "sqlite":
        names = {name.lower() for schema, name in keys if schema is None}
        return tuple(
            f"{name} is {'a view' if kind == 'view' else 'an index'}"
            for name, kind in connection.execute(_SQLITE)
            if name.lower() in names
        )
    default = connection.dialect.default_schema_name
    wanted = {(default if schema is None else schema, name) for schema, name in keys}
    where = {
        "names": sorted({name for _, name in wanted}),
        "schemas": sorted({str(schema) for schema, _ in wanted}),
    }
    return tuple(
        f"{schema}.{name} is {_KINDS[kind]}"
        for schema, name, kind in connection.execute(_POSTGRESQL, where)
        if (schema, name) in wanted
    )
