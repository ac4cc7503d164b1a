"""The picture of a PostgreSQL database: its catalog by definitions, and the rows of every table."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

if TYPE_CHECKING:
    from tests.support.states import LeftOut

_OURS = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
_RELATION = "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"

# Each query gives the name by which a row may be left out (a table's, else the object's own), then the facts.
_CATALOG = {
    "schemas": f"""SELECT n.nspname, pg_get_userbyid(n.nspowner), n.nspacl::text
        FROM pg_namespace n WHERE {_OURS}""",
    "relations": f"""SELECT c.relname, n.nspname, c.relkind::text, pg_get_userbyid(c.relowner),
        c.relacl::text, c.relpersistence::text, c.relrowsecurity, c.relispartition, c.reloptions::text,
        CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
        pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid), obj_description(c.oid, 'pg_class')
        FROM {_RELATION} WHERE {_OURS} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')""",
    "columns": f"""SELECT c.relname, n.nspname, a.attname,
        row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum)::int, format_type(a.atttypid, a.atttypmod),
        a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated::text,
        a.attcollation::regcollation::text, a.attacl::text, col_description(c.oid, a.attnum)
        FROM {_RELATION} JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE {_OURS} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')""",
    "constraints": f"""SELECT c.relname, n.nspname, k.conname, pg_get_constraintdef(k.oid), k.convalidated
        FROM {_RELATION} JOIN pg_constraint k ON k.conrelid = c.oid WHERE {_OURS}""",
    "indexes": f"""SELECT c.relname, n.nspname, pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisready
        FROM {_RELATION} JOIN pg_index i ON i.indrelid = c.oid WHERE {_OURS}""",
    "triggers": f"""SELECT c.relname, n.nspname, pg_get_triggerdef(t.oid), t.tgenabled::text
        FROM {_RELATION} JOIN pg_trigger t ON t.tgrelid = c.oid WHERE {_OURS} AND NOT t.tgisinternal""",
    "policies": f"""SELECT c.relname, n.nspname, p.polname, p.polcmd::text,
        pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
        FROM {_RELATION} JOIN pg_policy p ON p.polrelid = c.oid WHERE {_OURS}""",
    "sequences": f"""SELECT c.relname, n.nspname, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement,
        s.seqmin, s.seqmax, s.seqcycle, d.refobjid::regclass::text, d.refobjsubid
        FROM {_RELATION} JOIN pg_sequence s ON s.seqrelid = c.oid
        LEFT JOIN pg_depend d
        ON d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
        WHERE {_OURS}""",
    "functions": f"""SELECT p.proname, n.nspname, pg_get_functiondef(p.oid), p.proacl::text
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {_OURS} AND p.prokind IN ('f', 'p')
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')""",
    "types": f"""SELECT t.typname, n.nspname, t.typtype::text, pg_get_userbyid(t.typowner),
        format_type(NULLIF(t.typbasetype, 0), t.typtypmod), t.typnotnull, t.typdefault,
        ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE {_OURS} AND t.typtype IN ('e', 'd', 'r')""",
    "extensions": "SELECT extname, extversion FROM pg_extension",
}
_COLUMNS = f"""SELECT c.relname, n.nspname, a.attname
    FROM {_RELATION} JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE {_OURS} AND c.relkind IN ('r', 'm') ORDER BY n.nspname, c.relname, a.attnum"""


def picture(engine: Engine, left_out: LeftOut) -> dict[str, Any]:
    """One list of definitions for each part of the catalog, and `rows`: lines of COPY for each table."""
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        state: dict[str, Any] = {}
        for part, query in _CATALOG.items():
            cursor.execute(query)
            state[part] = sorted((row for row in cursor.fetchall() if not left_out.table(row[0])), key=repr)
        state["rows"] = {
            f"{schema}.{table}": _rows(cursor, schema, table, columns)
            for (schema, table), columns in _shown_columns(cursor, left_out).items()
        }
        connection.rollback()
        return state
    finally:
        connection.close()


def _shown_columns(cursor: Any, left_out: LeftOut) -> dict[tuple[str, str], list[str]]:
    cursor.execute(_COLUMNS)
    shown: dict[tuple[str, str], list[str]] = {}
    for table, schema, column in cursor.fetchall():
        if not left_out.table(table):
            columns = shown.setdefault((schema, table), [])
            if not left_out.column(table, column):
                columns.append(column)
    return shown


def _rows(cursor: Any, schema: str, table: str, columns: list[str]) -> list[str]:
    names = ", ".join(_quoted(column) for column in columns)
    out = io.StringIO()
    cursor.copy_expert(f"COPY (SELECT {names} FROM {_quoted(schema)}.{_quoted(table)}) TO STDOUT", out)
    return sorted(out.getvalue().split("\n")[:-1])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
