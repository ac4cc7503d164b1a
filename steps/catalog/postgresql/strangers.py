# ruff: noqa: S608 (put together from constants alone)
"""Tables that initdb reads or writes, and that run code of a role which nothing here speaks for."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from initdb.errors import InitError
from initdb.events.postgresql_trust import STRANGERS
from initdb.steps.catalog.asking import Ask

HARM = """concat_ws(', ', CASE WHEN c.relkind NOT IN ('r', 'p') THEN 'it is no table' END,
    CASE WHEN c.relrowsecurity THEN 'row-level security is on' END,
    (SELECT 'the rule ' || min(w.rulename) FROM pg_rewrite w
        WHERE w.ev_class = c.oid AND c.relkind IN ('r', 'p') HAVING count(*) > 0),
    (SELECT 'the trigger ' || min(g.tgname) FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal
        HAVING count(*) > 0),
    (SELECT 'an index of an expression' FROM pg_index i WHERE i.indrelid = c.oid
        AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL) LIMIT 1),
    (SELECT 'extended statistics' FROM pg_statistic_ext s WHERE s.stxrelid = c.oid LIMIT 1),
    (SELECT 'a table inherits from it' FROM pg_inherits h
        WHERE h.inhparent = c.oid AND c.relkind = 'r' LIMIT 1))"""
"""What can run code when a relation `c` is read or written, in words; empty if nothing can."""

OWNERS = """ARRAY(SELECT pg_get_userbyid(o.role)::text FROM (SELECT c.relowner AS role UNION SELECT p.proowner
    FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid WHERE g.tgrelid = c.oid AND NOT g.tgisinternal) o)"""
"""Whose code that would be: the owner, and those of the functions of its triggers."""

_TABLES = f"""SELECT format('%I.%I', n.nspname, c.relname), {HARM}, {OWNERS}
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = ANY (CAST(:names AS name[]))
    AND n.nspname = ANY (CAST(:schemas AS name[])) ORDER BY 1"""


def refuse_strange(ask: Ask, schemas: Collection[str], names: Collection[str]) -> None:
    """Refuse tables that would run code of strangers.

    Args:
        ask: Asks the database.
        schemas: The schemas of the tables.
        names: Their names.

    Raises:
        InitError: `table-of-a-stranger`.
    """
    rows = ask(_TABLES, {"names": sorted(names), "schemas": sorted(schemas)})
    harmful = [row for row in rows if row[1]]
    said = [line for table, harm, owners in harmful if (line := why_strange(ask, table, harm, owners))]
    if said:
        raise InitError("table-of-a-stranger", *said, database="postgresql")


def why_strange(ask: Ask, table: str, harm: str, owners: Sequence[str]) -> str:
    """Why a table would run code of strangers, as a sentence; empty if those who own it are trusted.

    Args:
        ask: Asks the database.
        table: Its name.
        harm: What `HARM` says.
        owners: What `OWNERS` says.
    """
    if not harm:
        return ""
    found = ask(STRANGERS, {"owners": sorted(owners), "trusted": []})
    return f"{table} would run code of {', '.join(row[0] for row in found)}: {harm}." if found else ""
