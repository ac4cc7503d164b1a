# ruff: noqa: S608 (from constants and quoted names)
"""What PostgreSQL does not guarantee: constraints never validated, indexes never finished, orphaned rows.

Only a foreign key that is NOT VALID or missing can have orphaned rows. To find them, PostgreSQL reads the
referring table once. For each foreign key this ends after ORPHAN_LIMIT.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Executable, Row, Table, TextClause, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from initdb.errors.classify import classify, is_connection_lost
from initdb.events.naming import readable
from initdb.events.search_path import pinned
from initdb.events.shadows import shadows
from initdb.steps.catalog.asking import keys_with_rows
from initdb.steps.catalog.issue import Issue, Severity
from initdb.steps.catalog.names import is_ignored
from initdb.steps.catalog.postgresql.lines import VISIBLE
from initdb.steps.catalog.reference import Reference
from initdb.steps.transactions.savepoints import savepoint

ORPHAN_LIMIT = 10.0
"""Seconds."""

_UNVALIDATED = text(f"""SELECT n.nspname, c.relname, k.conname, k.contype,
    format('%I.%I', n.nspname, c.relname) AS child,
    CASE WHEN k.contype = 'f' THEN k.confrelid::regclass::text END AS parent,
    ARRAY(SELECT quote_ident(a.attname) FROM unnest(k.conkey) WITH ORDINALITY u (number, place)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number ORDER BY u.place) AS columns,
    ARRAY(SELECT quote_ident(a.attname) FROM unnest(k.confkey) WITH ORDINALITY u (number, place)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.number ORDER BY u.place) AS keys
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {VISIBLE} AND NOT k.convalidated AND k.conparentid = 0
    ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", k.conname COLLATE "C" """)

# A session that builds an index CONCURRENTLY holds this lock; so does VACUUM.
_INVALID = text(f"""SELECT n.nspname, t.relname, c.relname AS name,
    EXISTS (SELECT FROM pg_locks l WHERE l.relation = t.oid AND l.granted
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND l.mode = 'ShareUpdateExclusiveLock' AND l.pid <> pg_backend_pid()) AS busy
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {VISIBLE} AND NOT i.indisvalid AND c.relkind = 'i'
    ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C" """)


def constraint_issues(connection: Connection, ignore: Collection[str]) -> tuple[Issue, ...]:
    """Constraints that were never validated, and the orphaned rows of the foreign keys among them.

    Args:
        connection: In a transaction.
        ignore: What is left out.
    """
    found: list[Issue] = []
    for row in _rows(connection, _UNVALIDATED):
        if is_ignored(ignore, row.relname, row.nspname) or is_ignored(ignore, row.conname):
            continue
        label = _label(connection, row.nspname, row.relname)
        name = connection.dialect.identifier_preparer.quote(row.conname)
        said = f"The constraint {row.conname} of {label} is NOT VALID: rows older than it may break it."
        advice = f"ALTER TABLE {row.child} VALIDATE CONSTRAINT {name};"
        found.append(Issue("unvalidated-constraint", row.conname, said, "warning", advice, label))
        if row.contype == "f":
            reference = Reference(label, row.child, row.parent, tuple(row.columns), tuple(row.keys))
            found += orphan_issues(connection, [reference])
    return tuple(found)


def _rows(connection: Connection, query: TextClause) -> Sequence[Row[Any]]:
    """The rows of a query about the catalogue."""
    with pinned(connection):
        return connection.execute(query).all()


def invalid_index_issues(
    connection: Connection, ours: Collection[tuple[str, str]], ignore: Collection[str]
) -> tuple[Issue, ...]:
    """INVALID indexes. Those of the models are defects, unless another session may be building them.

    Args:
        connection: In a transaction.
        ours: Table and name of each index that the models define.
        ignore: What is left out.
    """
    found = []
    for row in _rows(connection, _INVALID):
        label = _label(connection, row.nspname, row.relname)
        if is_ignored(ignore, row.name) or is_ignored(ignore, row.relname, row.nspname):
            continue
        text = f"The index {row.name} of {label} is INVALID" + (
            ", or is being built at this moment."
            if row.busy
            else ": it was never finished and serves no query."
        )
        severity: Severity = "warning" if row.busy or (label, row.name) not in ours else "error"
        name = readable(row.name, row.nspname)
        advice = (
            f"REINDEX INDEX CONCURRENTLY {name}; or, if nothing needs it: DROP INDEX CONCURRENTLY {name};"
        )
        found.append(Issue("invalid-index", row.name, text, severity, advice, label))
    return tuple(found)


def orphan_issues(connection: Connection, references: Iterable[Reference]) -> list[Issue]:
    """Rows that refer to nothing. If a check takes too long, that is an issue for information.

    Args:
        connection: In a transaction.
        references: The foreign keys to check.
    """
    found = []
    is_attacked = bool(shadows(connection))
    for one in references:
        columns = ", ".join(one.columns)
        if is_attacked:
            said = (
                f"Rows of {one.label} that refer by {columns} to nothing were not looked for: another role's"
            )
            said += " operators would do it. initdb doctor names them."
            found.append(
                Issue("not-checked", one.label, said, "info", f"SELECT count(*) {one.query};", one.label)
            )
            continue
        name = f"{one.label}.{columns} -> {one.parent}"
        try:
            with savepoint(connection, keep=False):
                connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(ORPHAN_LIMIT * 1000)}")
                count = connection.exec_driver_sql(f"SELECT count(*) {one.query}".replace("%", "%%")).scalar()
        except SQLAlchemyError as error:
            if classify(error, doing="validate", database="postgresql").reference != "statement-timeout":
                raise
            text = f"Looking for rows of {one.label} that refer by {columns} to nothing took too long."
            found.append(Issue("not-checked", name, text, "info", f"SELECT count(*) {one.query};", one.label))
            continue
        if count:
            text = (
                f"{count} rows of {one.label} refer by {columns} to rows of {one.parent} that are not there."
            )
            advice = f"Find them with SELECT c.* {one.query}; then correct {columns} or set them aside."
            found.append(Issue("orphaned-rows", name, text, one.severity, advice, one.label))
    return found


def with_rows(connection: Connection, tables: Collection[Table]) -> frozenset[str]:
    """The keys of the tables that have rows, or that cannot be read.

    Args:
        connection: In a transaction.
        tables: Tables of a model.
    """

    def ask(statement: Executable) -> set[str] | None:
        try:
            with savepoint(connection, keep=False):
                connection.exec_driver_sql("SET LOCAL lock_timeout = '1s'")
                return set(connection.scalars(statement))
        except DBAPIError as error:
            if is_connection_lost(error):
                raise
            return None

    return keys_with_rows(tables, ask)


def _label(connection: Connection, schema: str, name: str) -> str:
    return name if schema == connection.dialect.default_schema_name else f"{schema}.{name}"
