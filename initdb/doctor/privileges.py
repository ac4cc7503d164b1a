"""Writes the SQL that makes four roles for a PostgreSQL database, each with the rights it needs. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from urllib.parse import quote

from initdb.doctor.objects import Objects, Thing
from initdb.doctor.roles import PARTS, Roles
from initdb.errors.safe import safe_text
from initdb.events.head import NAMES
from initdb.events.naming import prefix
from initdb.events.parts import Part

_ROWS = "SELECT, INSERT, UPDATE, DELETE"


def sql(found: Objects, roles: Roles) -> Iterator[str]:
    """The lines of the script.

    Args:
        found: What is in the database.
        roles: The names of the roles.
    """
    yield from _head(found, roles)
    yield "BEGIN;"
    yield from _roles(found, roles)
    yield from _schemas(found, roles)
    yield from _journal(found, roles)
    yield from _tables(found, roles)
    yield from _later(found, roles)
    yield "COMMIT;"


def _head(found: Objects, roles: Roles) -> Iterator[str]:
    name = safe_text(found.database)
    yield f"-- Roles for the database {name}, printed by initdb doctor --sql."
    yield "-- Read it, then run it with psql as a superuser, or as the owner of the database (who needs"
    yield "-- CREATEROLE if a role is missing). It may be run again at any time. See docs/privileges.md."
    for part in PARTS:
        role = getattr(roles, part)
        yield f"--   {part:<12} {safe_text(role)}"
        if role in found.superusers:
            yield "--     WARNING: this is a superuser, whom no right and no trigger stops. Use another role."
    yield "-- Settings of initdb, for every process (initdb.toml):"
    yield f"--   journal_owner = {_toml([roles.owner])}"
    if found.journal_schema != found.wanted[0]:
        yield f"--   journal_schema = {_toml(found.journal_schema)}"
    yield "-- for a process that works and then serves:"
    yield f"--   work_url = {_toml(_url(roles.initializer, name))}"
    yield f"--   database_url = {_toml(_url(roles.application, name))}"
    yield '-- and for one that only serves, the same without work_url, and: mode = "check"'
    if not found.journal:
        yield "-- There is no journal yet. Run this script. Then let the owner boot once, which creates it:"
        yield f"--   initdb run --journal-owner {safe_text(roles.owner)} --work-url {_url(roles.owner, name)}"
        yield "-- Then print this script again, and run it: rights on the journal can only be given then."
    yield ""


def _url(role: str, database: str) -> str:
    return f"postgresql://{quote(role, safe='')}@HOST/{quote(database, safe='')}"


def _roles(found: Objects, roles: Roles) -> Iterator[str]:
    yield "-- The roles. They have no passwords: set one with \\password ROLE in psql."
    for name in astuple(roles):
        exists = f"SELECT FROM pg_catalog.pg_roles WHERE rolname = {_literal(name)}"
        yield _do(f"IF NOT EXISTS ({exists}) THEN CREATE ROLE {_quoted(name)} LOGIN; END IF;")
    for role, member, grantor in sorted(found.members):
        if member != roles.owner:
            by = f" GRANTED BY {_quoted(grantor)}" if grantor else ""
            yield f"REVOKE {_quoted(role)} FROM {_quoted(member)}{by};"
    yield "-- Whoever runs this gives objects to these two, and so has to be a member of both."
    for name in (roles.initializer, roles.owner):
        mine = f"pg_catalog.pg_has_role({_literal(name)}, 'USAGE')"
        yield _do(f"IF NOT {mine} THEN GRANT {_quoted(name)} TO CURRENT_USER; END IF;")
    yield "-- The owner may do what the initializer may, so that it can work too."
    member = f"pg_catalog.pg_has_role({_literal(roles.owner)}, {_literal(roles.initializer)}, 'USAGE')"
    yield _do(f"IF NOT {member} THEN GRANT {_quoted(roles.initializer)} TO {_quoted(roles.owner)}; END IF;")
    yield "-- All four connect. Nobody else gets a right by this script."
    everybody = ", ".join(map(_quoted, astuple(roles)))
    yield f"GRANT CONNECT ON DATABASE {_quoted(found.database)} TO {everybody};"
    if found.owner in {roles.initializer, roles.application, roles.auditor}:
        yield f"ALTER DATABASE {_quoted(found.database)} OWNER TO {_quoted(roles.owner)};"
    yield ""


def _schemas(found: Objects, roles: Roles) -> Iterator[str]:
    yield "-- The schemas. Who creates in them can make what revisions would take for the server's own."
    owner, initializer = _quoted(roles.owner), _quoted(roles.initializer)
    application, auditor = _quoted(roles.application), _quoted(roles.auditor)
    for name in dict.fromkeys((*found.wanted, found.journal_schema)):
        schema = _quoted(name)
        if name not in found.schemas:
            yield f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {owner};"
        elif found.schemas[name] in {roles.initializer, roles.application, roles.auditor}:
            yield f"ALTER SCHEMA {schema} OWNER TO {owner};"
        yield f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC, {application}, {auditor};"
        yield f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {owner};"
        more = ", CREATE" if name in found.wanted else ""
        yield f"GRANT USAGE{more} ON SCHEMA {schema} TO {initializer};"
        yield f"GRANT USAGE ON SCHEMA {schema} TO {application};"
    yield f"GRANT USAGE ON SCHEMA {_quoted(found.journal_schema)} TO {auditor};"
    yield ""


def _journal(found: Objects, roles: Roles) -> Iterator[str]:
    if not found.journal:
        return
    yield "-- The journal: its owner alone can alter it. The initializer appends, and locks the head (the"
    yield "-- right to update one column, which a trigger refuses). The others read."
    for part in found.journal:
        if part.owner != roles.owner:
            yield f"ALTER {part.kind.upper()} {part.name} OWNER TO {_quoted(roles.owner)};"
    at = prefix(found.journal_schema)
    journal, head, version = (f"{at}{name}" for name in NAMES)
    others = ", ".join(("PUBLIC", *map(_quoted, astuple(roles)[1:])))
    yield from (f"{statement};" for statement in found.loose)
    yield f"REVOKE ALL ON {', '.join((journal, head, version, *_views(found.journal)))} FROM {others};"
    yield f"GRANT SELECT, INSERT ON {journal} TO {_quoted(roles.initializer)};"
    yield f"GRANT SELECT, UPDATE (id) ON {head} TO {_quoted(roles.initializer)};"
    yield f"GRANT SELECT ON {version} TO {_quoted(roles.initializer)};"
    yield f"GRANT SELECT ON {journal}, {head}, {version} TO {_quoted(roles.application)};"
    read = ", ".join((journal, head, version, *_views(found.journal)))
    yield f"GRANT SELECT ON {read} TO {_quoted(roles.auditor)};"
    yield ""


def _views(parts: tuple[Part, ...]) -> list[str]:
    return [part.name for part in parts if part.kind == "view"]


def _tables(found: Objects, roles: Roles) -> Iterator[str]:
    """What is there belongs to the initializer, and the application works with the rows."""
    ours = [one for one in found.things if _is_ours(one, found, roles)]
    for one in found.things:
        if (one.schema, one.name) in found.models and one not in ours:
            said = safe_text(f"{one.schema}.{one.name} belongs to {one.owner}")
            yield f"-- LEFT ALONE: {said}. If it is yours, change its owner, and print this again."
    if not ours:
        return
    yield "-- What the application has already: the initializer owns it, since only an owner can alter it."
    for one in ours:
        if one.owner != roles.initializer and not one.table:
            yield f"ALTER {one.kind} {_named(one)} OWNER TO {_quoted(roles.initializer)};"
    yield "-- The application works with the rows, and reads which revision the tables are of."
    application = _quoted(roles.application)
    for one in ours:
        if (one.schema, one.name) == found.version:
            yield f"REVOKE ALL ON {_named(one)} FROM {application};"
            yield f"GRANT SELECT ON {_named(one)} TO {application};"
        elif one.kind in _RIGHTS:
            rights, word = _RIGHTS[one.kind]
            yield f"GRANT {rights} ON {word}{_named(one)} TO {application};"
    yield ""


_RIGHTS = {
    "TABLE": (_ROWS, ""),
    "FOREIGN TABLE": (_ROWS, ""),
    "VIEW": ("SELECT", ""),
    "MATERIALIZED VIEW": ("SELECT", ""),
    "SEQUENCE": ("USAGE, SELECT", "SEQUENCE "),
}
"""What the application may do with each kind of object, and the word before its name in GRANT."""


def _is_ours(one: Thing, found: Objects, roles: Roles) -> bool:
    """Whether a thing is the application's. What a stranger has made under its names is not."""
    known = (one.schema, one.table or one.name) in {*found.models, found.version}
    if one.owner in found.superusers:
        # An administrator may have things of others beside them.
        return known or one.kind in {"TYPE", "DOMAIN"}
    makers = {roles.initializer, roles.owner, *(part.owner for part in found.journal)}
    return one.owner in makers or (known and one.owner == found.owner)


def _named(one: Thing) -> str:
    return f"{prefix(one.schema)}{_quoted(one.name)}{one.arguments}"


def _later(found: Objects, roles: Roles) -> Iterator[str]:
    yield "-- The same for what those two create later. A new journal takes it back at once."
    application = _quoted(roles.application)
    for schema in found.wanted:
        for maker in (roles.initializer, roles.owner):
            start = f"ALTER DEFAULT PRIVILEGES FOR ROLE {_quoted(maker)} IN SCHEMA {_quoted(schema)}"
            yield f"{start} GRANT {_ROWS} ON TABLES TO {application};"
            yield f"{start} GRANT USAGE, SELECT ON SEQUENCES TO {application};"


def _toml(value: str | list[str]) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _do(body: str) -> str:
    """A block of PL/pgSQL, between quotes that the body has not."""
    tag = "$initdb$"
    while tag in body:
        tag = f"{tag[:-1]}_$"
    return f"DO {tag} BEGIN {body} END {tag};"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    """A text in SQL, whatever standard_conforming_strings is."""
    said = text.replace("'", "''")
    return f"E'{said.replace(chr(92), chr(92) * 2)}'" if "\\" in said else f"'{said}'"
