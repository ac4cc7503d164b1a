"""Writes the names of the journal's tables in SQL: always quoted, and qualified by their schema."""

from __future__ import annotations


def prefix(schema: str | None) -> str:
    """Quote a schema and add the dot. Both databases quote alike.

    Args:
        schema: The schema; without one the result is empty.

    Example:
        >>> prefix("init"), prefix(None)
        ('"init".', '')
    """
    return '"' + schema.replace('"', '""') + '".' if schema else ""


def literal(sql: str) -> str:
    r"""Escape the colons in SQL, so that SQLAlchemy's text() reads no parameter in a name.

    Example:
        >>> literal('"a:b".init_journal')
        '"a\\:b".init_journal'
    """
    return sql.replace(":", "\\:")
