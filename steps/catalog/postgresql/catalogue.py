"""PostgreSQL's catalogue: its answers to the whole port."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from sqlalchemy import Column, Connection, Dialect, Table

from initdb.steps.catalog.asking import asking
from initdb.steps.catalog.postgresql.content import PostgresqlContent
from initdb.steps.catalog.postgresql.strangers import refuse_strange
from initdb.steps.catalog.postgresql.types import difference

if TYPE_CHECKING:
    from initdb.steps.catalog.found import FoundTable, Key
    from initdb.steps.catalog.issue import Issue, Severity
    from initdb.steps.catalog.reference import Reference

_KINDS = {
    "v": "a view",
    "m": "a materialized view",
    "S": "a sequence",
    "i": "an index",
    "I": "an index",
    "c": "a composite type",
    "T": "a type",
}
_OTHERS = """SELECT n.nspname, c.relname, c.relkind FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = ANY (CAST(:names AS text[]))
    AND n.nspname = ANY (CAST(:schemas AS text[])) AND c.relkind NOT IN ('r', 'p', 'f')
    UNION ALL SELECT n.nspname, t.typname, 'T' FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typname = ANY (CAST(:names AS text[])) AND n.nspname = ANY (CAST(:schemas AS text[]))
    AND t.typtype IN ('b', 'd', 'e', 'r') AND t.typelem = 0
    ORDER BY 1, 2"""
_LIMIT = "SELECT set_config('lock_timeout', :limit, true)"


class PostgresqlCatalogue(PostgresqlContent):
    """See `initdb.steps.catalog.port.Catalogue`."""

    adds_constraints = True

    def __init__(self, connection: Connection) -> None:
        super().__init__(asking(connection))
        self.connection = connection

    @property
    def dialect(self) -> Dialect:
        """See the port."""
        return self.connection.dialect

    def fold(self, name: str) -> str:
        """See the port."""
        return name

    def reflect(self, schemas: Collection[str | None]) -> Mapping[Key, FoundTable]:
        """See the port."""
        # A boot of a ready database compares nothing, and should not spend time on this import.
        from initdb.steps.catalog.postgresql.reflect import reflect

        return reflect(self.connection, schemas)

    def type_difference(self, wanted: str, found: str) -> Severity | None:
        """See the port."""
        return difference(wanted, found)

    def in_the_way(self, keys: Collection[Key]) -> tuple[str, ...]:
        """See the port."""
        default = self.dialect.default_schema_name
        wanted = {(default if schema is None else schema, name) for schema, name in keys}
        where = {
            "names": sorted({name for _, name in wanted}),
            "schemas": sorted({str(schema) for schema, _ in wanted}),
        }
        return tuple(
            f"{schema}.{name} is {_KINDS[kind]}"
            for schema, name, kind in self.ask(_OTHERS, where)
            if (schema, name) in wanted
        )

    def integrity_issues(self) -> None:
        """See the port."""

    def constraint_issues(
        self, ignore: Collection[str], indexes: Iterable[tuple[str, str]], missing: Iterable[Reference]
    ) -> tuple[Issue, ...]:
        """See the port."""
        from initdb.steps.catalog.postgresql import checks

        return (
            *checks.invalid_index_issues(self.connection, frozenset(indexes), ignore),
            *checks.constraint_issues(self.connection, ignore),
            *checks.orphan_issues(self.connection, missing),
        )

    def with_rows(self, tables: Collection[Table]) -> frozenset[str]:
        """See the port."""
        from initdb.steps.catalog.postgresql import checks

        return checks.with_rows(self.connection, tables)

    def fills(self, column: Column[object], default: str | None) -> bool:
        """See the port."""
        generated = column.computed is not None or column.identity is not None
        return generated or default is not None or bool(column.nullable)

    def by_hand(self, table: str, column: str, kind: str) -> str:
        """See the port."""
        fill = f"UPDATE {table} SET {column} = <value>"  # noqa: S608 (advice)
        return (
            f"ALTER TABLE {table} ADD COLUMN {column} {kind}; {fill}; "
            f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;"
        )

    def refuse_strange(self, tables: Collection[Table]) -> None:
        """See the port."""
        default = str(self.dialect.default_schema_name)
        refuse_strange(self.ask, {one.schema or default for one in tables}, {one.name for one in tables})

    def limit_waiting(self, seconds: float) -> None:
        """See the port. Behind a waiting ALTER TABLE every later session waits too."""
        self.ask(_LIMIT, {"limit": f"{max(1, round(seconds * 1000))}ms"})
