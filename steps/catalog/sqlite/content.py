"""What is defined in a SQLite database: the rows of sqlite_schema (https://sqlite.org/schematab.html)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from typing import TYPE_CHECKING

from initdb.steps.catalog.leftover import Leftover
from initdb.steps.catalog.names import OWN_PREFIX, TEMPORARY_PREFIX, VERSION_TABLE, is_ignored, is_own

if TYPE_CHECKING:
    from initdb.steps.catalog.asking import Ask
    from initdb.steps.catalog.found import Key
    from initdb.steps.catalog.lock_holder import LockHolder

_SCHEMA = r"""SELECT type, name, tbl_name, sql FROM sqlite_schema
    WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\' AND tbl_name NOT LIKE 'sqlite\_%' ESCAPE '\'"""
_TABLES = r"""SELECT name FROM sqlite_schema
    WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'"""
_DATABASES = "SELECT name FROM pragma_database_list"
_VERSION_TABLES = """SELECT s.name FROM sqlite_schema s JOIN pragma_table_info(s.name) c
    WHERE s.type = 'table' GROUP BY s.name HAVING group_concat(c.name) = 'version_num'"""
_HAS_COLUMN = "SELECT 1 FROM pragma_table_info(:table, :schema) WHERE name = 'version_num'"


class SqliteContent:
    """SQLite's answers to `initdb.steps.catalog.port.Content`."""

    def __init__(self, ask: Ask) -> None:
        self.ask = ask

    def fingerprint(
        self,
        *,
        ignore: Collection[str] = (),
        version_table: str = VERSION_TABLE,
        version_schema: str | None = None,
    ) -> str:
        """See the port."""
        # The journal's views count, as they do for 0.1.0, which does not know them: one catalogue, one hash.
        schema = [tuple(row) for row in self.ask(_SCHEMA) if not row[2].startswith(OWN_PREFIX)]
        content = schema
        if ignore:
            content = [row for row in schema if not any(is_ignored(ignore, name) for name in row[1:3])]
        elsewhere = version_schema not in {None, "main"}
        there = elsewhere or any(row[0] == "table" and row[1] == version_table for row in schema)
        versions = self.version_rows(version_table, version_schema) if there else None
        return hashlib.sha256(json.dumps([sorted(content, key=repr), versions]).encode()).hexdigest()

    def tables(self) -> frozenset[Key]:
        """See the port."""
        return frozenset((None, name) for (name,) in self.ask(_TABLES) if not is_own(name))

    def version_rows(
        self, version_table: str = VERSION_TABLE, version_schema: str | None = None
    ) -> tuple[str, ...] | None:
        """See the port."""
        schema = version_schema or "main"
        if schema != "main" and schema not in {name for (name,) in self.ask(_DATABASES)}:
            return None
        if not self.ask(_HAS_COLUMN, {"table": version_table, "schema": schema}):
            return None
        query = f"SELECT version_num FROM {_quoted(schema)}.{_quoted(version_table)}"  # noqa: S608 (quoted)
        return tuple(sorted(str(row[0]) for row in self.ask(query)))

    def version_tables(self) -> tuple[str, ...]:
        """See the port."""
        return tuple(sorted(name for (name,) in self.ask(_VERSION_TABLES) if not is_own(name)))

    def leftovers(self) -> tuple[Leftover, ...]:
        """See the port."""
        return tuple(
            Leftover("alembic-temporary-table", name, name.removeprefix(TEMPORARY_PREFIX))
            for name in sorted(name for (name,) in self.ask(_TABLES))
            if name.startswith(TEMPORARY_PREFIX)
        )

    def lock_holders(
        self, names: Collection[str] | None = None, *, readers: bool = True
    ) -> tuple[LockHolder, ...]:
        """See the port."""
        from initdb.steps.catalog.sqlite import locks

        return locks.lock_holders(self.ask, readers=readers)

    def processes(self, pids: Collection[int]) -> tuple[LockHolder, ...]:
        """See the port."""
        from initdb.steps.catalog.sqlite import locks

        return locks.processes(pids)

    def prepared(self) -> tuple[LockHolder, ...]:
        """See the port."""
        return ()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
