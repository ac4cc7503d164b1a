"""The SQL statement that deletes version rows, for a person to type."""

from __future__ import annotations

from collections.abc import Iterable

from initdb.events.naming import readable


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
    named = readable(table, schema)
    older = ", ".join("'{}'".format(row.replace("'", "''")) for row in rows)
    return f"DELETE FROM {named} WHERE version_num IN ({older});"  # noqa: S608 - it is shown, not sent
