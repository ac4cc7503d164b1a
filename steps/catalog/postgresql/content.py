# ruff: noqa: S608 (put together from constants alone)
"""What is defined in a PostgreSQL database, by the content of its catalogue.

The tables of the catalogue: https://www.postgresql.org/docs/current/catalogs.html
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from initdb.errors import InitError
from initdb.steps.catalog.leftover import Leftover
from initdb.steps.catalog.names import OWN_PREFIX, TEMPORARY_PREFIX, VERSION_TABLE, like
from initdb.steps.catalog.postgresql.lines import (
    CONTENT,
    DEFAULT,
    FIRST_ON_PATH,
    RELATIONS,
    VERSIONS,
    VISIBLE,
)
from initdb.steps.catalog.postgresql.strangers import HARM, OWNERS, why_strange

if TYPE_CHECKING:
    from initdb.steps.catalog.asking import Ask
    from initdb.steps.catalog.found import Key
    from initdb.steps.catalog.lock_holder import LockHolder

# How the server writes an expression depends on these settings of the session.
_SETTINGS = {
    "search_path": "pg_catalog",
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "quote_all_identifiers": "off",
    # To write an expression or the definition of an index, the server locks its table for a moment.
    "lock_timeout": "250ms",
}
_PINS = ", ".join(f"('{name}', '{value}')" for name, value in _SETTINGS.items())

_VERSION_TABLE = f"""SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'version_num' AND NOT a.attisdropped
    WHERE c.relname = :version_table AND c.relkind IN ('r', 'p', 'v', 'f')
    AND CASE WHEN CAST(:version_schema AS text) IS NULL THEN {FIRST_ON_PATH}
        ELSE n.nspname = :version_schema END"""

# The query changes settings only for itself. Each part needs a row of the part before, so they run in this
# order, and the last part restores the settings. Such a setting would end with the transaction anyway.
_FINGERPRINT = f"""
WITH was AS MATERIALIZED (
    SELECT p.name, p.value, current_setting(p.name) AS before,
        (SELECT v.oid FROM ({_VERSION_TABLE}) v JOIN pg_class c ON c.oid = v.oid
         WHERE has_table_privilege(v.oid, 'SELECT')
         AND has_schema_privilege(c.relnamespace, 'USAGE')) AS version
    FROM (VALUES {_PINS}) p (name, value)
), pinned AS MATERIALIZED (
    SELECT max(version) AS version, count(set_config(name, value, true)) AS settings FROM was
), relation AS MATERIALIZED (
    {RELATIONS}
), content AS MATERIALIZED (
    SELECT (SELECT encode(sha256(convert_to(coalesce(string_agg(line, chr(10) ORDER BY line COLLATE "C"), ''),
            getdatabaseencoding())), 'hex')
        FROM ({CONTENT} UNION ALL
            SELECT ROW('version', v.revision)::text FROM ({VERSIONS.format(table="pinned.version")}) v
            UNION ALL SELECT 'version table' WHERE pinned.version IS NOT NULL) lines) AS hash
    FROM pinned WHERE pinned.settings > 0
)
SELECT content.hash, count(set_config(was.name, was.before, true)) FROM content, was GROUP BY content.hash
"""

_TABLES = f"""SELECT CASE WHEN n.nspname IS DISTINCT FROM {DEFAULT} THEN n.nspname END,
    c.relname, {FIRST_ON_PATH} FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {VISIBLE} AND c.relkind IN ('r', 'p', 'f') AND NOT starts_with(c.relname, '{OWN_PREFIX}')"""

_VERSION_ROWS = f"""SELECT ARRAY(SELECT v.revision FROM
    ({VERSIONS.format(table="CASE WHEN :anyway OR t.harm = '' THEN t.oid END")}) v), t.name, t.harm, t.owners
    FROM (SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, {HARM} AS harm, {OWNERS} AS owners
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ({_VERSION_TABLE})) t"""

_VERSION_TABLES = f"""SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
    AND NOT starts_with(c.relname, '{OWN_PREFIX}') AND has_schema_privilege(c.relnamespace, 'USAGE')
    GROUP BY c.oid, c.relname HAVING array_agg(a.attname::text) = ARRAY['version_num'] ORDER BY 1"""

_LEFTOVERS = f"""SELECT CASE WHEN n.nspname IS DISTINCT FROM {DEFAULT} THEN n.nspname END,
    c.relname, t.relname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_class t ON t.oid = i.indrelid
    WHERE {VISIBLE} AND (c.relkind IN ('r', 'p') AND starts_with(c.relname, '{TEMPORARY_PREFIX}')
        OR c.relkind = 'i' AND NOT i.indisvalid)
    ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C" """


class PostgresqlContent:
    """PostgreSQL's answers to `initdb.steps.catalog.port.Content`."""

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
        place = {"version_table": version_table, "version_schema": version_schema}
        ((digest, _),) = self.ask(_FINGERPRINT, place | {"ignore": [like(word) for word in ignore]})
        return str(digest)

    def tables(self) -> frozenset[Key]:
        """See the port."""
        found = self.ask(_TABLES, {})
        visible = {(None, name) for _, name, is_visible in found if is_visible}
        return frozenset({(schema, name) for schema, name, _ in found} | visible)

    def version_rows(
        self, version_table: str = VERSION_TABLE, version_schema: str | None = None
    ) -> tuple[str, ...] | None:
        """See the port."""
        place = {"version_table": version_table, "version_schema": version_schema}
        for anyway in (False, True):
            rows = self.ask(_VERSION_ROWS, {**place, "anyway": anyway})
            if not rows:
                return None
            revisions, name, harm, owners = rows[0]
            if not harm or anyway:
                break
            if why := why_strange(self.ask, name, harm, owners):
                raise InitError("table-of-a-stranger", why, database="postgresql")
        return tuple(sorted(revisions))

    def version_tables(self) -> tuple[str, ...]:
        """See the port."""
        return tuple(name for (name,) in self.ask(_VERSION_TABLES))

    def leftovers(self) -> tuple[Leftover, ...]:
        """See the port."""
        return tuple(
            Leftover("alembic-temporary-table", name, name.removeprefix(TEMPORARY_PREFIX), schema)
            if table is None
            else Leftover("invalid-index", name, table, schema)
            for schema, name, table in self.ask(_LEFTOVERS, {})
        )

    def lock_holders(
        self, names: Collection[str] | None = None, *, readers: bool = True
    ) -> tuple[LockHolder, ...]:
        """See the port."""
        from initdb.steps.catalog.postgresql import locks

        return locks.lock_holders(self.ask, names, readers=readers)

    def processes(self, pids: Collection[int]) -> tuple[LockHolder, ...]:
        """See the port."""
        from initdb.steps.catalog.postgresql import locks

        return locks.processes(self.ask, pids)

    def prepared(self) -> tuple[LockHolder, ...]:
        """See the port."""
        from initdb.steps.catalog.postgresql import locks

        return locks.prepared(self.ask)
