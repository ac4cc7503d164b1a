"""Reads the rows of a journal in pages: few are in memory at once, and no query is open between two pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from initdb.events.database import database_of
from initdb.events.statements import AnyConnection, Row, driver_rows

PAGE = 500
"""How many rows a page has at most."""


def pages(  # noqa: PLR0913 - from where, to where, which, in which direction
    connection: AnyConnection,
    table: str,
    columns: Sequence[str],
    after: int | None = None,
    *,
    where: str = "",
    values: Mapping[str, object] | None = None,
    backwards: bool = False,
    first: int = PAGE,
) -> Iterator[Sequence[Row]]:
    """Read rows in the order of their numbers, by the index on them.

    Each page is one statement, and the last one is that which is not full. Rows that are appended meanwhile
    are read too.

    Args:
        connection: In a transaction that may read.
        table: The table, as `Journal.table` gives it.
        columns: The columns; the first one is "seq".
        after: The number after which to begin, or before which if it goes backwards; None for the end there.
        where: A condition besides, with its parameters.
        values: Their values.
        backwards: Whether the last rows come first.
        first: How many rows the first page has at most, if that may be all that is needed.
    """
    database = database_of(connection)
    beyond, order = (database.below, " DESC") if backwards else (database.above, "")
    names, given, size = ", ".join(columns), dict(values or {}), min(first, PAGE)
    while True:
        conditions = [*([f"seq {beyond} :after"] if after is not None else []), *([where] if where else [])]
        chosen = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        query = f"SELECT {names} FROM {table}{chosen} ORDER BY seq{order} LIMIT {size}"
        rows = driver_rows(connection, query, given if after is None else given | {"after": after})
        if rows:
            yield rows
        if len(rows) < size:
            return
        after, size = rows[-1][0], PAGE
