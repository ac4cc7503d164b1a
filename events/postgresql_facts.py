"""Reads from PostgreSQL's catalogue what is true of a journal's tables, and runs nothing of theirs."""

from __future__ import annotations

from initdb.events.fact import Fact
from initdb.events.head import NAMES
from initdb.events.postgresql_ddl import FUNCTIONS
from initdb.events.search_path import pinned
from initdb.events.statements import AnyConnection, run
from initdb.events.views import VIEWS

_FACTS = """
WITH place AS (SELECT oid FROM pg_namespace WHERE nspname = :schema),
t AS (
    SELECT c.*, quote_ident(:schema) || '.' || quote_ident(c.relname) AS called FROM pg_class c, place
    WHERE c.relnamespace = place.oid AND c.relname::text = ANY(CAST(:tables AS text[]))
)
SELECT 'table', t.relname, '', concat_ws(' ', t.relkind, t.relpersistence,
    CASE WHEN t.relispartition THEN 'partition' END), pg_get_userbyid(t.relowner), '' FROM t
UNION ALL SELECT 'security', t.relname, '', 'row-level security is on', '',
    format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', t.called) FROM t WHERE t.relrowsecurity
UNION ALL SELECT 'column', t.relname, a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
    CASE WHEN a.attnotnull THEN 'NOT NULL' END, CASE WHEN a.atthasdef THEN 'with a default' END,
    nullif(a.attidentity::text, ''), nullif(a.attgenerated::text, '')), '',
    format('ALTER TABLE %s DROP COLUMN %I', t.called, a.attname)
    FROM t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL SELECT 'constraint', t.relname, '', pg_get_constraintdef(k.oid)
    || CASE WHEN k.convalidated THEN '' ELSE ' (not valid)' END, '',
    format('ALTER TABLE %s DROP CONSTRAINT %I', t.called, k.conname)
    FROM t JOIN pg_constraint k ON k.conrelid = t.oid WHERE k.contype NOT IN ('n', 't')
UNION ALL SELECT 'reference', t.relname, k.conname, pg_get_constraintdef(k.oid), '',
    format('ALTER TABLE %s DROP CONSTRAINT %I', CAST(k.conrelid AS regclass), k.conname)
    FROM t JOIN pg_constraint k ON k.confrelid = t.oid
UNION ALL SELECT CASE WHEN i.indexprs IS NULL AND i.indpred IS NULL THEN 'index' ELSE 'expression' END,
    t.relname, x.relname, CASE WHEN i.indexprs IS NULL AND i.indpred IS NULL THEN '(' || (SELECT string_agg(
        pg_get_indexdef(i.indexrelid, n, false), ', ' ORDER BY n) FROM generate_series(1, i.indnkeyatts) n)
        || ')' || CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END
        ELSE 'an index of an expression, or of some rows' END, '',
    format('DROP INDEX %I.%I', :schema, x.relname)
    FROM t JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class x ON x.oid = i.indexrelid
    WHERE NOT i.indisprimary
UNION ALL SELECT 'trigger', t.relname, g.tgname, CASE g.tgenabled WHEN 'O' THEN '' WHEN 'A' THEN ''
    ELSE 'not enabled: ' END || pg_get_triggerdef(g.oid), pg_get_userbyid(p.proowner),
    format('DROP TRIGGER %I ON %s', g.tgname, t.called)
    FROM t JOIN pg_trigger g ON g.tgrelid = t.oid AND NOT g.tgisinternal JOIN pg_proc p ON p.oid = g.tgfoid
UNION ALL SELECT 'function', '', p.proname, concat_ws(' ', l.lanname,
    CASE WHEN p.prosecdef THEN 'SECURITY DEFINER' END, array_to_string(p.proconfig, ' '), p.prosrc),
    pg_get_userbyid(p.proowner),
    format('DROP FUNCTION %I.%I()', :schema, p.proname)
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang, place
    WHERE p.pronamespace = place.oid AND p.pronargs = 0
    AND p.proname >= 'init_journal' AND p.proname < 'init_journam'
    AND (EXISTS (SELECT FROM t JOIN pg_trigger g ON g.tgrelid = t.oid AND g.tgfoid = p.oid)
        OR p.proowner IN (SELECT t.relowner FROM t))
UNION ALL SELECT 'policy', t.relname, y.polname, '', '', format('DROP POLICY %I ON %s', y.polname, t.called)
    FROM t JOIN pg_policy y ON y.polrelid = t.oid
UNION ALL SELECT 'rule', t.relname, r.rulename, '', '', format('DROP RULE %I ON %s', r.rulename, t.called)
    FROM t JOIN pg_rewrite r ON r.ev_class = t.oid
UNION ALL SELECT 'statistics', t.relname, s.stxname, '', '',
    format('DROP STATISTICS %I.%I', n.nspname, s.stxname)
    FROM t JOIN pg_statistic_ext s ON s.stxrelid = t.oid
    JOIN pg_namespace n ON n.oid = s.stxnamespace
UNION ALL SELECT 'inheritance', t.relname,
    CAST(CAST(CASE h.inhrelid WHEN t.oid THEN h.inhparent ELSE h.inhrelid END AS regclass) AS text),
    '', '', '' FROM t JOIN pg_inherits h ON t.oid IN (h.inhrelid, h.inhparent)
UNION ALL SELECT 'right', t.relname, x.privilege_type, CASE x.grantee WHEN 0 THEN 'PUBLIC'
    ELSE quote_ident(pg_get_userbyid(x.grantee)) END, '',
    format('REVOKE %s ON %s FROM %s', x.privilege_type, t.called, CASE x.grantee WHEN 0 THEN 'PUBLIC'
        ELSE quote_ident(pg_get_userbyid(x.grantee)) END)
    FROM t, aclexplode(t.relacl) x WHERE x.grantee <> t.relowner
    AND x.privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')
"""

STAMP = """
(SELECT pg_catalog.string_agg(s.said, ',' ORDER BY s.said) FROM (
    SELECT pg_catalog.concat_ws(' ', c.oid, c.xmin, n.oid, n.xmin) AS said
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE n.nspname OPERATOR(pg_catalog.=) CAST(:schema AS pg_catalog.name)
    AND c.relname OPERATOR(pg_catalog.=) ANY ('{init_journal,init_journal_head}'::pg_catalog.name[])
    UNION ALL SELECT pg_catalog.concat_ws(' ', g.oid, g.xmin, p.oid, p.xmin)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    JOIN pg_catalog.pg_trigger g ON g.tgrelid OPERATOR(pg_catalog.=) c.oid
    JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) g.tgfoid
    WHERE n.nspname OPERATOR(pg_catalog.=) CAST(:schema AS pg_catalog.name)
    AND c.relname OPERATOR(pg_catalog.=) ANY ('{init_journal,init_journal_head}'::pg_catalog.name[])
) s)"""
"""An expression: which rows of the catalogue define the journal's tables and triggers."""

_RIGHTS = """
SELECT DISTINCT format('REVOKE ALL ON %s %I.%I%s FROM %s', x.what, :schema, x.name, x.arguments,
    CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END)
FROM (
    SELECT 'TABLE' AS what, c.relname AS name, '' AS arguments, a.grantee, c.relowner AS owner
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
    WHERE n.nspname = :schema AND c.relname::text = ANY(CAST(:tables AS text[]))
        AND c.relkind IN ('r', 'v')
    UNION ALL SELECT 'FUNCTION', p.proname, '()', a.grantee, p.proowner
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace,
        aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    WHERE n.nspname = :schema AND p.proname::text = ANY(CAST(:functions AS text[])) AND p.pronargs = 0
) x WHERE x.grantee <> x.owner
"""


def revokes(connection: AnyConnection, schema: str | None) -> tuple[str, ...]:
    """The statements that leave the rights on a journal's tables and functions to their owner alone.

    Args:
        connection: In a transaction.
        schema: The schema of the journal; None for the session's own.
    """
    with pinned(connection) as path:
        where = schema or (path[0] if path else "")
        values = {"schema": where, "tables": [*NAMES, *VIEWS], "functions": list(FUNCTIONS)}
        return tuple(str(row[0]) for row in run(connection, _RIGHTS, values))


def facts(connection: AnyConnection, schema: str | None) -> tuple[Fact, ...]:
    """See `initdb.events.database.Database.facts`."""
    with pinned(connection) as path:
        where = schema or (path[0] if path else "")
        rows = run(connection, _FACTS, {"schema": where, "tables": list(NAMES)})
    return tuple(Fact(*map(str, row)) for row in rows)
