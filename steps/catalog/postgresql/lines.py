# ruff: noqa: S608 (put together from constants alone)
"""What counts as content of PostgreSQL's catalogue: one line of text for each fact, names and no oids."""

from __future__ import annotations

from initdb.steps.catalog.names import OWN_PREFIX

_SCHEMAS = "NOT starts_with(n.nspname, 'pg_') AND n.nspname <> 'information_schema'"


def _extension(catalog: str, oid: str) -> str:
    return f"""{oid} IN (SELECT d.objid FROM pg_depend d
        WHERE d.classid = 'pg_catalog.{catalog}'::regclass AND d.deptype = 'e')"""


VISIBLE = f"""{_SCHEMAS} AND c.relpersistence <> 't' AND NOT c.relispartition
    AND NOT {_extension("pg_class", "c.oid")}"""
"""The condition for a relation that counts, on `pg_class c JOIN pg_namespace n`."""


DEFAULT = "(CAST(:path AS text[]))[1]"
"""The schema in which a table is made; null if there is none."""

FIRST_ON_PATH = """coalesce((SELECT c.oid = f.oid FROM pg_class f
    JOIN pg_namespace fn ON fn.oid = f.relnamespace
    WHERE f.relname = c.relname AND fn.nspname::text = ANY(CAST(:path AS text[]))
    ORDER BY array_position(CAST(:path AS text[]), fn.nspname::text) LIMIT 1), false)"""
"""Whether a relation `c` is the one that its name alone means, as pg_table_is_visible says of the path."""


def _left_out(name: str, schema: str) -> str:
    return f"""(starts_with({name}, '{OWN_PREFIX}') OR {name} LIKE ANY (CAST(:ignore AS text[]))
        OR {schema} || '.' || {name} LIKE ANY (CAST(:ignore AS text[])))"""


# A sequence that belongs to a column is left out if the column's table is left out.
RELATIONS = f"""SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, n.nspname AS schema
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {VISIBLE} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
    AND NOT {_left_out("c.relname", "n.nspname")}
    AND NOT (c.relkind = 'S' AND c.oid IN (SELECT d.objid FROM pg_depend d
        JOIN pg_class o ON o.oid = d.refobjid JOIN pg_namespace s ON s.oid = o.relnamespace
        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')
        AND d.refclassid = 'pg_catalog.pg_class'::regclass
        AND (o.relispartition OR {_left_out("o.relname", "s.nspname")})))"""
"""The relations whose definitions count: `oid`, `name` (quoted, with its schema) and `schema`."""

_CLASSES = """SELECT ROW('class', r.name, c.relkind, c.relpersistence, c.relrowsecurity,
    c.relforcerowsecurity, c.relreplident, c.reloptions, pg_get_partkeydef(c.oid))::text AS line
    FROM relation r JOIN pg_class c ON c.oid = r.oid"""

# By their order, not by their numbers: after a dump and restore there are no gaps of dropped columns.
_COLUMNS = """SELECT ROW('columns', r.name, string_agg(ROW(a.attname, format_type(a.atttypid, a.atttypmod),
        a.attnotnull, a.attidentity, a.attgenerated, a.attstorage, a.attcompression, a.attoptions,
        a.attfdwoptions, NULLIF(a.attcollation, 0)::regcollation, pg_get_expr(d.adbin, d.adrelid))::text,
        chr(10) ORDER BY a.attnum))::text
    FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum GROUP BY r.name"""

# A foreign key to a partitioned table has one more row for each partition, whose parent it is.
_CONSTRAINTS = f"""SELECT ROW('constraint', r.name, k.conname, k.contype, k.convalidated,
        pg_get_constraintdef(k.oid))::text
    FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid
    WHERE k.conparentid = 0 AND NOT {_left_out("k.conname", "r.schema")}"""

# The line of a constraint says what its index covers.
_INDEXES = f"""SELECT ROW('index', r.name, i.indisvalid, i.indisready, i.indisreplident, i.indisclustered,
        CASE WHEN k.oid IS NULL THEN pg_get_indexdef(i.indexrelid) ELSE x.relname END, x.reloptions)::text
    FROM relation r JOIN pg_index i ON i.indrelid = r.oid JOIN pg_class x ON x.oid = i.indexrelid
    LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
    WHERE NOT {_left_out("x.relname", "r.schema")}"""

_TRIGGERS = f"""SELECT ROW('trigger', r.name, t.tgname, t.tgenabled, pg_get_triggerdef(t.oid))::text
    FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid
    WHERE NOT t.tgisinternal AND NOT {_left_out("t.tgname", "r.schema")}"""

_RULES = """SELECT ROW('rule', r.name, w.rulename, w.ev_enabled, pg_get_ruledef(w.oid))::text
    FROM relation r JOIN pg_rewrite w ON w.ev_class = r.oid"""

_POLICIES = f"""SELECT ROW('policy', r.name, p.polname, p.polcmd, p.polpermissive,
        ARRAY(SELECT pg_get_userbyid(role)::text FROM unnest(p.polroles) role ORDER BY 1),
        pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))::text
    FROM relation r JOIN pg_policy p ON p.polrelid = r.oid WHERE NOT {_left_out("p.polname", "r.schema")}"""

_FUNCTIONS = f"""SELECT ROW('function', n.nspname, p.proname, p.prokind, pg_get_function_arguments(p.oid),
        pg_get_function_result(p.oid), CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END)::text
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE {_SCHEMAS} AND NOT {_left_out("p.proname", "n.nspname")} AND NOT {_extension("pg_proc", "p.oid")}"""

_SEQUENCES = """SELECT ROW('sequence', r.name, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement,
        s.seqmax, s.seqmin, s.seqcache, s.seqcycle)::text
    FROM relation r JOIN pg_sequence s ON s.seqrelid = r.oid"""

# Every table has a row type and every type an array type, which say nothing new.
_TYPES = f"""SELECT ROW('type', n.nspname, t.typname, t.typtype,
        format_type(NULLIF(t.typbasetype, 0), t.typtypmod), t.typnotnull, t.typdefault,
        ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder),
        ARRAY(SELECT ROW(k.conname, k.convalidated, pg_get_constraintdef(k.oid))::text
            FROM pg_constraint k WHERE k.contypid = t.oid ORDER BY k.conname))::text
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE {_SCHEMAS} AND t.typtype IN ('b', 'd', 'e', 'm', 'r') AND t.typcategory <> 'A'
    AND NOT {_left_out("t.typname", "n.nspname")} AND NOT {_extension("pg_type", "t.oid")}"""

CONTENT = " UNION ALL ".join(
    (
        _CLASSES,
        _COLUMNS,
        _CONSTRAINTS,
        _INDEXES,
        _TRIGGERS,
        _RULES,
        _POLICIES,
        _FUNCTIONS,
        _SEQUENCES,
        _TYPES,
    )
)
"""One column, `line`. Needs `relation` as RELATIONS defines it, and `ignore` as patterns for LIKE."""

# ts_stat is a built-in function that runs a query given as text (https://www.postgresql.org/docs/current/
# textsearch-features.html#TEXTSEARCH-STATISTICS). It is the only way to read, in one query, a table that may
# not exist. A lexeme can be neither empty nor null, hence the letter in front.
VERSIONS = """SELECT substr(s.word, 2) AS revision
    FROM ts_stat('SELECT array_to_tsvector(ARRAY[''v'' || version_num])'
        || ' FROM ' || (SELECT format('%I.%I', vn.nspname, vc.relname) FROM pg_class vc
            JOIN pg_namespace vn ON vn.oid = vc.relnamespace WHERE vc.oid = {table})
        || ' WHERE version_num IS NOT NULL') s"""
"""One column, `revision`: the rows of the version table with the oid `{table}`; no row if that is null."""
