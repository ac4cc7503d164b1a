"""SQLite's catalogue: its answers to the whole port."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from sqlalchemy import Column, Connection, Dialect, Executable, Table
from sqlalchemy.exc import DBAPIError

from initdb.errors.classify import is_missing_table
from initdb.steps.catalog.asking import asking, keys_with_rows
from initdb.steps.catalog.sqlite.content import SqliteContent
from initdb.steps.catalog.sqlite.types import difference

if TYPE_CHECKING:
    from initdb.steps.catalog.found import FoundTable, Key
    from initdb.steps.catalog.issue import Issue, Severity
    from initdb.steps.catalog.reference import Reference

_OTHERS = "SELECT name, type FROM sqlite_schema WHERE type IN ('view', 'index') ORDER BY name"

# If a table has rows, SQLite adds a column only with a default that needs no evaluation.
_CONSTANT = re.compile(r"\(?\s*([-+]?[\d.]+|'([^']|'')*'|null|true|false)\s*\)?", re.IGNORECASE)


class SqliteCatalogue(SqliteContent):
    """See `initdb.steps.catalog.port.Catalogue`."""

    adds_constraints = False

    def __init__(self, connection: Connection) -> None:
        super().__init__(asking(connection))
        self.connection = connection

    @property
    def dialect(self) -> Dialect:
        """See the port."""
        return self.connection.dialect

    def fold(self, name: str) -> str:
        """See the port. Names are case-insensitive (https://sqlite.org/lang_keywords.html)."""
        return name.lower()

    def reflect(self, schemas: Collection[str | None]) -> Mapping[Key, FoundTable]:
        """See the port. A schema is an attached database."""
        # A boot of a ready database compares nothing, and should not spend time on this import.
        from initdb.steps.catalog.sqlite.reflect import reflect

        return reflect(self.connection, schemas)

    def type_difference(self, wanted: str, found: str) -> Severity | None:
        """See the port."""
        return difference(wanted, found)

    def in_the_way(self, keys: Collection[Key]) -> tuple[str, ...]:
        """See the port."""
        names = {name.lower() for schema, name in keys if schema is None}
        return tuple(
            f"{name} is {'a view' if kind == 'view' else 'an index'}"
            for name, kind in self.ask(_OTHERS)
            if name.lower() in names
        )

    def integrity_issues(self) -> tuple[Issue, ...]:
        """See the port."""
        from initdb.steps.catalog.sqlite import checks

        return checks.integrity_issues(self.connection)

    def constraint_issues(
        self, ignore: Collection[str], indexes: Iterable[tuple[str, str]], missing: Iterable[Reference]
    ) -> tuple[Issue, ...]:
        """See the port."""
        from initdb.steps.catalog.sqlite import checks

        return checks.orphan_issues(self.connection, ignore)

    def with_rows(self, tables: Collection[Table]) -> frozenset[str]:
        """See the port."""

        def ask(statement: Executable) -> set[str] | None:
            try:
                return set(self.connection.scalars(statement))
            except DBAPIError as error:
                if not is_missing_table(error):
                    raise
                return None  # another session has dropped it meanwhile

        return keys_with_rows(tables, ask)

    def fills(self, column: Column[object], default: str | None) -> bool:
        """See the port."""
        if column.computed is not None:
            return not column.computed.persisted
        return bool(column.nullable) if default is None else _CONSTANT.fullmatch(default) is not None

    def by_hand(self, table: str, column: str, kind: str) -> str:
        """See the port."""
        add = f"ALTER TABLE {table} ADD COLUMN {column} {kind} NOT NULL DEFAULT <value>"
        return f"{add}; or op.batch_alter_table in a revision."

    def refuse_strange(self, tables: Collection[Table]) -> None:
        """See the port. A file has no roles."""

    def limit_waiting(self, seconds: float) -> None:
        """See the port. A transaction that writes has locked the whole database already."""
