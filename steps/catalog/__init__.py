"""The database's own catalogue: a hash of its content, its tables, what crashes of others left."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from initdb.steps.catalog.leftover import Leftover
from initdb.steps.catalog.names import VERSION_TABLE, is_own
from initdb.steps.catalog.postgresql import content as postgresql
from initdb.steps.catalog.sqlite import content as sqlite

__all__ = [
    "VERSION_TABLE",
    "Leftover",
    "fingerprint",
    "is_own",
    "leftovers",
    "tables",
    "version_rows",
    "version_tables",
]


def fingerprint(
    connection: Connection,
    *,
    ignore: Collection[str] = (),
    version_table: str = VERSION_TABLE,
    version_schema: str | None = None,
) -> str:
    """The hash of what is defined in the database, and of the rows of the version table: 64 hex digits.

    Content, not counters: equal for two databases that define the same, and untouched by rows, statistics,
    VACUUM, REINDEX or the next value of a sequence. The journal's own objects, temporary tables, partitions,
    members of extensions and what is named in `ignore` (as `name` or `schema.name`, an object or its table;
    `*` and `?` are wildcards) are no part of it. An empty database has a hash too, with or without a version
    table. On PostgreSQL it is one round trip, whatever search_path, time zone or formats the session has,
    which are then as they were, and it raises 55P03 where another session keeps a table in ACCESS EXCLUSIVE
    mode; on SQLite one query, and a second where there is a version table. Neither
    begins, ends nor aborts a transaction of the driver's.
    """
    read = sqlite.fingerprint if _is_sqlite(connection) else postgresql.fingerprint
    return read(connection, tuple(ignore), version_table, version_schema)


def tables(connection: Connection) -> frozenset[tuple[str | None, str]]:
    """Every table as (schema, name), but those of the journal, of extensions, temporary ones and partitions.

    The schema is None where it is the connection's default one, as in a model that names none; a table of
    another schema that the search path finds too is there by both names. On SQLite the tables of the main
    database.
    """
    return (sqlite.tables if _is_sqlite(connection) else postgresql.tables)(connection)


def version_rows(
    connection: Connection, version_table: str = VERSION_TABLE, version_schema: str | None = None
) -> tuple[str, ...] | None:
    """The revisions in the version table, sorted; None where there is no such table."""
    read = sqlite.version_rows if _is_sqlite(connection) else postgresql.version_rows
    return read(connection, version_table, version_schema)


def version_tables(connection: Connection) -> tuple[str, ...]:
    """The names of tables that look like a version table of Alembic's, but not initdb's own, sorted.

    They have the one column `version_num`. On PostgreSQL in every schema that the role may use.
    """
    return (sqlite.version_tables if _is_sqlite(connection) else postgresql.version_tables)(connection)


def leftovers(connection: Connection) -> tuple[Leftover, ...]:
    """What interrupted work of others left: tables `_alembic_tmp_…` and, on PostgreSQL, INVALID indexes.

    An index that is being built CONCURRENTLY at this moment looks INVALID too.
    """
    return (sqlite.leftovers if _is_sqlite(connection) else postgresql.leftovers)(connection)


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"
