"""SQLite's catalogue: the rows of sqlite_schema (https://sqlite.org/schematab.html)."""

from __future__ import annotations

import hashlib
import json

from sqlalchemy import Connection, text

from initdb.steps.catalog.leftover import Leftover
from initdb.steps.catalog.names import TEMPORARY_PREFIX, is_ignored, is_own

_SCHEMA = text(r"""SELECT type, name, tbl_name, sql FROM sqlite_schema
    WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\' AND tbl_name NOT LIKE 'sqlite\_%' ESCAPE '\'""")
_TABLES = text(r"""SELECT name FROM sqlite_schema
    WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'""")
_DATABASES = text("SELECT name FROM pragma_database_list")
_VERSION_TABLES = text("""SELECT s.name FROM sqlite_schema s JOIN pragma_table_info(s.name) c
    WHERE s.type = 'table' GROUP BY s.name HAVING group_concat(c.name) = 'version_num'""")
_HAS_COLUMN = text("SELECT 1 FROM pragma_table_info(:table, :schema) WHERE name = 'version_num'")


def fingerprint(
    connection: Connection, ignore: tuple[str, ...], version_table: str, version_schema: str | None
) -> str:
    """See `initdb.steps.catalog.fingerprint`."""
    schema = [tuple(row) for row in connection.execute(_SCHEMA) if not is_own(row.tbl_name)]
    content = [row for row in schema if not is_ignored(ignore, row[1]) and not is_ignored(ignore, row[2])]
    elsewhere = version_schema not in {None, "main"}
    there = elsewhere or any(row[0] == "table" and row[1] == version_table for row in schema)
    versions = version_rows(connection, version_table, version_schema) if there else None
    return hashlib.sha256(json.dumps([sorted(content, key=repr), versions]).encode()).hexdigest()


def tables(connection: Connection) -> frozenset[tuple[str | None, str]]:
    """See `initdb.steps.catalog.tables`."""
    return frozenset((None, name) for name in connection.scalars(_TABLES) if not is_own(name))


def version_rows(
    connection: Connection, version_table: str, version_schema: str | None
) -> tuple[str, ...] | None:
    """See `initdb.steps.catalog.version_rows`. A schema is the name of an attached database."""
    schema = version_schema or "main"
    if schema != "main" and schema not in connection.scalars(_DATABASES).all():
        return None
    if connection.scalar(_HAS_COLUMN, {"table": version_table, "schema": schema}) is None:
        return None
    quoted = connection.dialect.identifier_preparer.quote_identifier
    query = f"SELECT version_num FROM {quoted(schema)}.{quoted(version_table)}"  # noqa: S608 (quoted)
    return tuple(sorted(str(row[0]) for row in connection.exec_driver_sql(query)))


def version_tables(connection: Connection) -> tuple[str, ...]:
    """See `initdb.steps.catalog.version_tables`."""
    return tuple(sorted(name for name in connection.scalars(_VERSION_TABLES) if not is_own(name)))


def leftovers(connection: Connection) -> tuple[Leftover, ...]:
    """See `initdb.steps.catalog.leftovers`."""
    return tuple(
        Leftover("alembic-temporary-table", name, name.removeprefix(TEMPORARY_PREFIX))
        for name in sorted(connection.scalars(_TABLES))
        if name.startswith(TEMPORARY_PREFIX)
    )
