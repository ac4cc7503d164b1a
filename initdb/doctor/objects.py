"""What a PostgreSQL database has that roles have rights on: schemas, tables, routines, and the journal."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from initdb.events.database import database_of
from initdb.events.head import NAMES
from initdb.events.journal import Journal
from initdb.events.parts import Part
from initdb.events.search_path import pinned
from initdb.events.statements import AnyConnection, run
from initdb.events.views import VIEWS

_DATABASE = """
SELECT d.datname::text, pg_get_userbyid(d.datdba)::text,
    ARRAY(SELECT rolname::text FROM pg_roles WHERE rolsuper)
FROM pg_database d WHERE d.datname = current_database()
"""

_SCHEMAS = """
SELECT nspname::text, pg_get_userbyid(nspowner)::text FROM pg_namespace WHERE nspname = ANY(:schemas)
"""

_THINGS = """
WITH things AS (
    SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
            WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind,
        c.relnamespace AS place, c.relname AS name, '' AS arguments, c.relowner AS owner,
        coalesce((SELECT o.relname::text FROM pg_depend d JOIN pg_class o ON o.oid = d.refobjid
            WHERE d.objid = c.oid AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0), '') AS of_table, c.oid
    FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
    UNION ALL SELECT CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, t.typnamespace, t.typname, '',
        t.typowner, '', t.oid
    FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c'
    UNION ALL SELECT 'ROUTINE', p.pronamespace, p.proname,
        '(' || pg_get_function_identity_arguments(p.oid) || ')', p.proowner, '', p.oid
    FROM pg_proc p
)
SELECT t.kind, n.nspname::text, t.name::text, t.arguments, pg_get_userbyid(t.owner)::text, t.of_table
FROM things t JOIN pg_namespace n ON n.oid = t.place
WHERE n.nspname = ANY(:schemas)
    AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.objid = t.oid AND x.deptype = 'e')
    AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.objid = t.oid AND x.deptype = 'i' AND t.kind = 'ROUTINE')
ORDER BY t.kind DESC, n.nspname, t.name, t.arguments
"""

_MEMBERS = """
SELECT pg_get_userbyid(roleid)::text, pg_get_userbyid(member)::text,
    CASE WHEN current_setting('server_version_num')::int >= 160000 THEN pg_get_userbyid(grantor)::text
        ELSE '' END
FROM pg_auth_members
WHERE pg_get_userbyid(roleid)::text = ANY(:roles) AND pg_get_userbyid(member)::text = ANY(:roles)
"""


@dataclass(frozen=True, slots=True)
class Thing:
    """An object in a schema of the application.

    Attributes:
        kind: The word for it in ALTER … OWNER TO: TABLE, VIEW, SEQUENCE, TYPE, ROUTINE, …
        schema: Its schema.
        name: Its name.
        arguments: Those of a routine, in parentheses; empty for anything else.
        owner: Its owner.
        table: The table of a sequence of a column, which always has that table's owner; empty for anything
            else.
    """

    kind: str
    schema: str
    name: str
    arguments: str
    owner: str
    table: str


@dataclass(frozen=True, slots=True)
class Objects:
    """What is in a database.

    Attributes:
        database: Its name.
        owner: Its owner.
        superusers: All superusers.
        schemas: The owner of each schema that exists, of those of the application and of the journal.
        wanted: The schemas of the application, the first one first.
        things: What is in the schemas of the application, but for the journal.
        version: Schema and name of Alembic's version table.
        models: Schema and name of the tables of the models.
        journal_schema: The schema of the journal, where it is or would be created.
        journal: The journal's tables, functions and views; empty if there is no journal.
        loose: The statements that take dangerous rights on it from others.
        members: Each role that is a member of another, as (role, member, grantor), of those that were asked
            for. The grantor is empty before PostgreSQL 16, where it does not matter.
    """

    database: str
    owner: str
    superusers: frozenset[str]
    schemas: dict[str, str]
    wanted: tuple[str, ...]
    things: tuple[Thing, ...]
    version: tuple[str, str]
    models: frozenset[tuple[str, str]]
    journal_schema: str
    journal: tuple[Part, ...] = ()
    loose: tuple[str, ...] = ()
    members: frozenset[tuple[str, str, str]] = frozenset()


def gather_objects(
    connection: AnyConnection,
    journal: Journal,
    models: Collection[tuple[str | None, str]],
    version: tuple[str | None, str],
) -> Objects:
    """Ask the catalogue.

    Args:
        connection: In a transaction that may read.
        journal: The journal, whether it exists or not.
        models: Schema and name of each table of the models; None for the default schema.
        version: The same of Alembic's version table.
    """
    database = database_of(connection)
    default = database.default_schema(connection) or "public"
    tables = frozenset((schema or default, name) for schema, name in models)
    rows = (version[0] or default, version[1])
    wanted = tuple(dict.fromkeys((default, rows[0], *sorted(schema for schema, _ in tables))))
    journal_schema = journal.schema or default
    parts = database.parts(connection, journal_schema)
    own = {*NAMES, *VIEWS}
    with pinned(connection):
        name, owner, superusers = run(connection, _DATABASE)[0]
        schemas = run(connection, _SCHEMAS, {"schemas": [*wanted, journal_schema]})
        found = run(connection, _THINGS, {"schemas": [*wanted]})
    functions = {part.name for part in parts if part.kind == "function"}
    return Objects(
        database=name,
        owner=owner,
        superusers=frozenset(superusers),
        schemas=dict(map(tuple, schemas)),
        wanted=wanted,
        things=tuple(
            one
            for one in (Thing(*row) for row in found)
            if one.schema != journal_schema
            or not (one.name in own or (one.kind == "ROUTINE" and one.name in _names(functions)))
        ),
        version=rows,
        models=tables,
        journal_schema=journal_schema,
        journal=parts,
        loose=journal.loose,
    )


def members_among(connection: AnyConnection, roles: Collection[str]) -> frozenset[tuple[str, str, str]]:
    """Which of some roles is a member of which, as (role, member, grantor).

    Args:
        connection: In a transaction that may read.
        roles: The roles.
    """
    with pinned(connection):
        rows = run(connection, _MEMBERS, {"roles": [*roles]})
        return frozenset((row[0], row[1], row[2]) for row in rows)


def _names(functions: Collection[str]) -> set[str]:
    """The names of functions without their schema and their parentheses."""
    return {one.rpartition(".")[2].removesuffix("()") for one in functions}
