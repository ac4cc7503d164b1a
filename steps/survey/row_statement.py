"""The SQL statement that deletes version rows, for a person to type."""

from __future__ import annotations

import re
from collections.abc import Iterable

from initdb.events.naming import prefix

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


def deleting(place: tuple[str, str | None], rows: Iterable[str]) -> str:
    """The statement that deletes rows of a version table.

    Args:
        place: The table's name and schema.
        rows: The rows.

    Example:
        >>> deleting(("alembic_version", "my shop"), ["r1"]).partition(" WHERE ")[0]
        'DELETE FROM "my shop".alembic_version'
    """
    table, schema = place
    named = table_name(table, schema)
    older = ", ".join("'{}'".format(row.replace("'", "''")) for row in rows)
    return f"DELETE FROM {named} WHERE version_num IN ({older});"  # noqa: S608 - it is shown, not sent


def table_name(table: str, schema: str | None) -> str:
    """The name of a table in a statement, quoted where that is needed.

    Args:
        table: Its name.
        schema: Its schema, if there is one.
    """
    return ".".join(name if _PLAIN.fullmatch(name) else prefix(name)[:-1] for name in (schema, table) if name)
