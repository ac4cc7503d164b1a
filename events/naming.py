"""Writes the names of the journal's tables in SQL: always quoted, and qualified by their schema."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_OWN = re.compile(r"\b(?:init_journal|init_runs|init_failures)\w*")


def prefix(schema: str | None) -> str:
    """Quote a schema and add the dot. Both databases quote alike.

    Args:
        schema: The schema; without one the result is empty.

    Example:
        >>> prefix("init"), prefix(None)
        ('"init".', '')
    """
    return '"' + schema.replace('"', '""') + '".' if schema else ""


def readable(name: str, schema: str | None) -> str:
    """A name in a statement that a person reads and types: quoted only where that is needed.

    Args:
        name: The name of a table or an index.
        schema: Its schema, if it is to be named.

    Example:
        >>> readable("alembic_version", "my shop")
        '"my shop".alembic_version'
    """
    return ".".join(one if _PLAIN.fullmatch(one) else prefix(one)[:-1] for one in (schema, name) if one)


def renamed(sql: str, name: str | None) -> str:
    """SQL about a journal, as SQL about another journal in the same schema.

    SQLite has no schemas. There a name follows that of each table, index and trigger.

    Args:
        sql: It names the journal's own things as they are called in a schema of their own.
        name: The name of the journal, of letters, digits and underscores; None if it has none.

    Example:
        >>> renamed("DELETE FROM init_journal_head", "stock")
        'DELETE FROM init_journal_head__stock'
    """
    return _OWN.sub(rf"\g<0>__{name}", sql) if name else sql


def parted(table: str) -> tuple[str, str]:
    """The opposite: what a table of a journal is called in a schema of its own, and the name of the journal.

    Example:
        >>> parted("init_journal_head__stock"), parted("init_journal")
        (('init_journal_head', 'stock'), ('init_journal', ''))
    """
    own, _, name = table.partition("__")
    return own, name


def literal(sql: str) -> str:
    r"""Escape the colons in SQL, so that SQLAlchemy's text() reads no parameter in a name.

    Example:
        >>> literal('"a:b".init_journal')
        '"a\\:b".init_journal'
    """
    return sql.replace(":", "\\:")
