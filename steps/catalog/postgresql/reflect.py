"""Reads the tables of a PostgreSQL database with SQLAlchemy's Inspector, all tables of a schema at once."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable

from sqlalchemy import Connection, Dialect, inspect
from sqlalchemy.dialects.postgresql import ENUM
from sqlalchemy.engine.interfaces import (
    ReflectedColumn,
    ReflectedForeignKeyConstraint,
    ReflectedIndex,
)
from sqlalchemy.engine.reflection import Inspector, ObjectKind
from sqlalchemy.exc import SAWarning

from initdb.events.shadows import shielded
from initdb.steps.catalog.found import FoundColumn, FoundForeignKey, FoundIndex, FoundTable, Key
from initdb.steps.catalog.sql_types import type_ddl


def reflect(connection: Connection, schemas: Collection[str | None]) -> dict[Key, FoundTable]:
    """See `initdb.steps.catalog.port.Catalogue.reflect`."""
    found: dict[Key, FoundTable] = {}
    with warnings.catch_warnings():
        # SQLAlchemy warns of each type that it does not know. Such columns are compared by name alone.
        warnings.simplefilter("ignore", SAWarning)
        with shielded(connection) as default:
            for schema in schemas:
                found |= _schema(connection, schema, schema or default)
    return found


def _schema(connection: Connection, schema: str | None, named: str | None) -> dict[Key, FoundTable]:
    """The tables of a schema; `named`: as it has to be named in the session."""
    inspector = inspect(connection)
    tables = set(inspector.get_table_names(named))
    columns = inspector.get_multi_columns(named, kind=ObjectKind.ANY)
    keys = inspector.get_multi_pk_constraint(named, kind=ObjectKind.ANY)
    indexes = inspector.get_multi_indexes(named, kind=ObjectKind.ANY)
    foreign_keys = inspector.get_multi_foreign_keys(named, kind=ObjectKind.ANY)
    checks = inspector.get_multi_check_constraints(named, kind=ObjectKind.ANY)
    default = connection.dialect.default_schema_name
    return {
        (schema, key[1]): FoundTable(
            schema,
            key[1],
            is_view=key[1] not in tables and key[1] in _views(inspector, named),
            columns={c["name"]: _column(c, connection.dialect) for c in columns[key]},
            primary_key=tuple(keys[key]["constrained_columns"]) if keys.get(key) else (),
            indexes=tuple(_index(index) for index in indexes.get(key, ())),
            foreign_keys=tuple(_foreign_key(fk, default) for fk in foreign_keys.get(key, ())),
            check_names=frozenset(str(check["name"]) for check in checks.get(key, ())),
            checks=len(checks.get(key, ())),
        )
        for key in columns
    }


def _views(inspector: Inspector, schema: str | None) -> Iterable[str]:
    # The inspector caches the answers.
    return (*inspector.get_view_names(schema), *inspector.get_materialized_view_names(schema))


def _column(column: ReflectedColumn, dialect: Dialect) -> FoundColumn:
    kind = column["type"]
    return FoundColumn(
        column["name"],
        type_ddl(kind, dialect),
        nullable=column["nullable"],
        filled=column.get("default") is not None or "identity" in column or "computed" in column,
        labels=tuple(kind.enums) if isinstance(kind, ENUM) else None,
    )


def _index(index: ReflectedIndex) -> FoundIndex:
    return FoundIndex(
        str(index["name"]),
        tuple(index["column_names"]),
        unique=index["unique"],
        partial="postgresql_where" in index.get("dialect_options", {}),
        bound="duplicates_constraint" in index,
    )


def _foreign_key(fk: ReflectedForeignKeyConstraint, default_schema: str | None) -> FoundForeignKey:
    schema = fk["referred_schema"]
    return FoundForeignKey(
        str(fk["name"]),
        frozenset(zip(fk["constrained_columns"], fk["referred_columns"], strict=True)),
        (None if schema == default_schema else schema, fk["referred_table"]),
        str(fk.get("options", {}).get("ondelete") or "NO ACTION").upper(),
    )
