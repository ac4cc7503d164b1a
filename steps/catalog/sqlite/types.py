"""Tells which types of SQLite differ. It knows five affinities, and stores almost anything in a column."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from initdb.steps.catalog.issue import Severity


def difference(wanted: str, found: str) -> Severity | None:
    """See `initdb.steps.catalog.port.Catalogue.type_difference`."""
    pair = {affinity(wanted), affinity(found)}
    return "error" if pair in ({"INTEGER", "TEXT"}, {"REAL", "TEXT"}) else None


def affinity(ddl: str) -> str:
    """The affinity of a declared type (https://sqlite.org/datatype3.html#determination_of_column_affinity)."""
    text = ddl.upper()
    if "INT" in text:
        return "INTEGER"
    if any(word in text for word in ("CHAR", "CLOB", "TEXT")):
        return "TEXT"
    if "BLOB" in text or not text:
        return "BLOB"
    return "REAL" if any(word in text for word in ("REAL", "FLOA", "DOUB")) else "NUMERIC"
