"""Judges what the role of a run may do on a PostgreSQL server."""

from __future__ import annotations

import re
from collections.abc import Iterator

from initdb.doctor.finding import Finding, ok, problem, warning
from initdb.doctor.server import Access, Server
from initdb.events.head import NAMES
from initdb.events.naming import prefix

_SCHEMA = re.compile(r'"((?:[^"]|"")+)"|([^\s,"]+)')
"""A name in a search_path, with quotes or without."""


def judge_rights(found: Server, wanted: str | None, *, works: bool) -> Iterator[Finding]:
    """The findings about rights. Pure.

    Args:
        found: What the server says.
        wanted: The schema in which the journal is, or would be created.
        works: Whether boots work, by the setting `mode`; others only read.
    """
    role = _quoted(found.role)
    yield ok("privileges", f"initdb works as the role {found.role} in the database {found.database}.")
    if found.superuser:
        yield warning(
            "privileges",
            f"{found.role} is a superuser: code of the application that a boot runs may do anything.",
            f"Work as the owner of the database, and make one if there is none: {_own(found)}",
        )
    if works:
        yield from _creating(found, wanted, role)
    if found.journal is not None:
        yield from _journal(found, found.journal, prefix(wanted), role, works=works)
    for owner, tables in found.others_tables if works else ():
        alter = " ".join(f"ALTER TABLE {table} OWNER TO {role};" for table in tables)
        yield warning(
            "privileges",
            f"{owner} owns {len(tables)} tables, such as {tables[0]}:"
            " a revision that alters them would fail.",
            f"As a superuser, if they are of this application: {alter}",
        )
    for schema in found.schemas:
        if schema.on_path and schema.everybodys:
            yield warning(
                "privileges",
                f"Every role may create objects in the schema {schema.name}, which boots look names up in.",
                f"As its owner: REVOKE CREATE ON SCHEMA {_quoted(schema.name)} FROM PUBLIC;",
            )


def _own(found: Server) -> str:
    name = _quoted(f"{found.database}_owner")
    return f"CREATE ROLE {name} LOGIN; ALTER DATABASE {_quoted(found.database)} OWNER TO {name};"


def _creating(found: Server, wanted: str | None, role: str) -> Iterator[Finding]:
    """Tables are created in the default schema, and the journal in its own."""
    if found.default_schema is None:
        path = found.settings["search_path"].value
        name = next((one for one in _named(path) if one != "$user"), "public")
        yield problem(
            "privileges",
            f"No schema of the search_path ({path}) exists, or {found.role} may use none of them.",
            f"As the owner of the database: CREATE SCHEMA IF NOT EXISTS {_quoted(name)};"
            f" GRANT USAGE, CREATE ON SCHEMA {_quoted(name)} TO {role};",
        )
    may = {schema.name: schema.ours for schema in found.schemas}
    for schema in dict.fromkeys(filter(None, (found.default_schema, wanted))):
        if schema not in may and not found.creates_schemas:
            yield problem(
                "privileges",
                f"The schema {schema} does not exist, and {found.role} may not create it.",
                f"As the owner of the database: CREATE SCHEMA {_quoted(schema)} AUTHORIZATION {role};",
            )
        elif schema in may and not may[schema] and (found.journal is None or schema != wanted):
            yield _may_not_create(found, schema, role)
        elif schema == found.default_schema and may.get(schema):
            yield ok("privileges", f"It may create tables in the schema {schema}.")


def _named(path: str) -> list[str]:
    """The schemas of a search_path."""
    return [quoted.replace('""', '"') or plain.lower() for quoted, plain in _SCHEMA.findall(path)]


def _may_not_create(found: Server, schema: str, role: str) -> Finding:
    return problem(
        "privileges",
        f"{found.role} may not create tables in the schema {schema}.",
        f"As its owner: GRANT USAGE, CREATE ON SCHEMA {_quoted(schema)} TO {role};",
    )


def _journal(found: Server, access: Access, at: str, role: str, *, works: bool) -> Iterator[Finding]:
    journal, head, version = (f"{at}{name}" for name in NAMES)
    if access.owns:
        yield ok("privileges", "It owns the journal.")
    elif access.writes and access.reads:
        yield ok("privileges", f"It may write the journal, which {access.owner} owns.")
    elif works:
        yield problem(
            "privileges",
            f"{found.role} may not write the journal, which {access.owner} owns.",
            f"As {access.owner}: GRANT SELECT, INSERT ON {journal} TO {role}; GRANT SELECT, UPDATE (id) ON"
            f" {head} TO {role}; GRANT SELECT ON {version} TO {role};",
        )
    elif not access.reads:
        yield problem(
            "privileges",
            f"{found.role} may not read the journal, which {access.owner} owns.",
            f"As {access.owner}: GRANT SELECT ON {journal}, {head}, {version} TO {role};",
        )
    if access.loose:
        yield warning(
            "privileges",
            "Others have rights on the journal that its owner alone should have: by a GRANT on all tables?",
            f"As {access.owner}, or the next run of it does so: {'; '.join(access.loose)};",
        )
    for writer in access.writers:
        # What a role that works may do, one that only serves should not.
        if (writer == found.role) != works:
            name = writer if writer == "PUBLIC" else _quoted(writer)
            yield warning(
                "privileges",
                f"{writer} may append to the journal: boots would believe what it says there.",
                f"If no boot works as {writer}, as {access.owner}: REVOKE INSERT ON {journal} FROM {name};",
            )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
