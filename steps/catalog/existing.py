"""Asks a database whether it has what an error names: a function may have raised it with any names."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from initdb.errors.driver import Named, Verify
from initdb.errors.masking import masked
from initdb.events.head import JournalSignal

_ON_POSTGRESQL = text("""SELECT n.nspname, c.relname,
        ARRAY(SELECT a.attname::pg_catalog.text FROM pg_catalog.pg_attribute a
            WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid
            AND a.attname OPERATOR(pg_catalog.=) CAST(:column AS pg_catalog.name)
            AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped),
        ARRAY(SELECT a.attname::pg_catalog.text FROM pg_catalog.pg_attribute a
            WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0
            AND (a.attnum OPERATOR(pg_catalog.=) ANY (k.conkey)
                OR a.attnum OPERATOR(pg_catalog.=) ANY (i.indkey))
            ORDER BY a.attnum),
        coalesce(k.conname, x.relname)
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    LEFT JOIN pg_catalog.pg_constraint k ON k.conrelid OPERATOR(pg_catalog.=) c.oid
        AND k.conname OPERATOR(pg_catalog.=) CAST(:constraint AS pg_catalog.name)
    LEFT JOIN (pg_catalog.pg_index i
            JOIN pg_catalog.pg_class x ON x.oid OPERATOR(pg_catalog.=) i.indexrelid)
        ON i.indrelid OPERATOR(pg_catalog.=) c.oid
        AND x.relname OPERATOR(pg_catalog.=) CAST(:constraint AS pg_catalog.name)
    WHERE c.relname OPERATOR(pg_catalog.=) CAST(:table AS pg_catalog.name)
        AND n.nspname OPERATOR(pg_catalog.=) CAST(:schema AS pg_catalog.name)
        AND n.nspname OPERATOR(pg_catalog.!~~) 'pg\\_temp%'
    LIMIT 1""")

_CHECKS = text("SELECT 1 FROM sqlite_master WHERE type = 'table' AND instr(sql, :check) > 0")
_ON_SQLITE = text("""SELECT name FROM pragma_table_info(:table)
    WHERE EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = :table)""")


def existing(reading: Callable[[], AbstractContextManager[Connection]]) -> Verify:
    """What asks for the names of an error, see `initdb.errors.driver.Verify`.

    Args:
        reading: Gives a connection that can answer: not one in a transaction that has failed. If it cannot,
            nothing is known to exist.
    """

    def verify(named: Named) -> Named:
        with (
            contextlib.suppress(SQLAlchemyError, JournalSignal),
            reading() as connection,
        ):  # a report must not fail
            ask = _on_sqlite if connection.dialect.name == "sqlite" else _on_server
            return ask(connection, named)
        return Named()

    return verify


def _on_server(connection: Connection, named: Named) -> Named:
    asked = {
        "table": named.table,
        "schema": named.schema,
        "column": next(iter(named.columns), ""),
        "constraint": named.constraint,
    }
    row = connection.execute(_ON_POSTGRESQL, asked).one_or_none()
    if row is None:
        return Named()
    schema, table, column, of_constraint, constraint = row
    return Named(table, tuple(column or of_constraint), constraint or "", schema)


def _on_sqlite(connection: Connection, named: Named) -> Named:
    if named.constraint:  # a CHECK, without its table
        found = connection.execute(_CHECKS, {"check": named.constraint}).first()
        return Named(constraint=masked(named.constraint, "sqlite")) if found else Named()
    there = {row[0] for row in connection.execute(_ON_SQLITE, {"table": named.table})}
    return Named(named.table, tuple(one for one in named.columns if one in there)) if there else Named()
