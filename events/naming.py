"""The names of the journal's tables in SQL: always qualified, always quoted."""

from __future__ import annotations


def prefix(schema: str | None) -> str:
    """`"schema".`, or nothing; both databases quote alike."""
    return '"' + schema.replace('"', '""') + '".' if schema else ""


def literal(sql: str) -> str:
    """`sql` for SQLAlchemy's text(): a colon in a name is no parameter."""
    return sql.replace(":", "\\:")
