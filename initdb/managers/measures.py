"""Measures a database: its version, its size, how many rows its tables have."""

from __future__ import annotations

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from initdb.steps.catalog.port import catalogue_of

MOST_ROWS = 100_000
"""Rows are counted up to this number, so that a report is quick on a large database."""

MOST_TABLES = 500

_SIZES = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}


def server_version(connection: Connection) -> str:
    """The version of the server, or of the SQLite library: `15.4`."""
    return ".".join(str(part) for part in connection.dialect.server_version_info or ())


def size(connection: Connection) -> int:
    """The size of the database in bytes."""
    return int(connection.execute(text(_SIZES[connection.dialect.name])).scalar_one())


def rows_by_table(connection: Connection) -> dict[str, dict[str, int | bool | None]]:
    """Table → `rows`, up to MOST_ROWS, and whether there are `more`, for the first MOST_TABLES tables.

    Both are None if this role cannot read the table, or nobody can.
    """
    names = sorted(catalogue_of(connection).tables(), key=lambda key: (key[0] or "", key[1]))[:MOST_TABLES]
    return {
        f"{schema}.{name}" if schema else name: _counted(connection, schema, name) for schema, name in names
    }


def _counted(connection: Connection, schema: str | None, name: str) -> dict[str, int | bool | None]:
    quote = connection.dialect.identifier_preparer.quote
    table = f"{quote(schema)}.{quote(name)}" if schema else quote(name)
    query = f"SELECT count(*) FROM (SELECT 1 AS one FROM {table} LIMIT {MOST_ROWS + 1}) AS counted"  # noqa: S608
    try:
        with connection.begin_nested():
            found = int(connection.execute(text(query)).scalar_one())
    except DBAPIError:
        return {"rows": None, "more": None}
    return {"rows": min(found, MOST_ROWS), "more": found > MOST_ROWS}
