"""What a filter asks of the database: conditions on the columns, and the part of the journal to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from heapq import merge
from operator import itemgetter

from initdb.cli.entries.filters import Filters
from initdb.events.database import database_of
from initdb.events.journal import ENTRY, Journal
from initdb.events.pages import PAGE, pages
from initdb.events.statements import AnyConnection, Row, run
from initdb.events.types import UNSEEN

WHOLE = 36
"""How many characters the id of a run has."""

_SEEN = f"type NOT IN ({', '.join(repr(str(one)) for one in sorted(UNSEEN))})"


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of a journal to read: those between two numbers that fulfil conditions.

    Attributes:
        after: The number after which they begin.
        upto: The number of the last one.
        conditions: Conditions on the columns, in SQL.
        values: The values of their parameters.
        types: The types of events, if only some are asked for.
    """

    after: int
    upto: int
    conditions: tuple[str, ...]
    values: Mapping[str, object]
    types: tuple[str, ...] = ()

    def rows(self, connection: AnyConnection, journal: Journal, number: int | None = None) -> Iterator[Row]:
        """Read them page by page: the columns of an entry.

        Args:
            connection: In a transaction that may read, with the search_path pinned.
            journal: The journal.
            number: How many are needed most likely, from the last one on backwards; None for all forwards.
        """
        if not self.types:
            return self._read(connection, journal, number)
        # The index has each type in order. A query for all of them would sort, or scan the journal.
        each = (self._of_type(one)._read(connection, journal, number) for one in dict.fromkeys(self.types))
        return merge(*each, key=itemgetter(0), reverse=number is not None)

    def _of_type(self, type_: str) -> Part:
        values = {**self.values, "type": type_}
        return replace(self, conditions=(*self.conditions, "type = :type"), values=values)

    def _read(self, connection: AnyConnection, journal: Journal, number: int | None) -> Iterator[Row]:
        backwards = number is not None
        begin, end = (self.upto + 1, self.after) if backwards else (self.after, self.upto)
        # What is no condition would mislead a planner that has no statistics yet.
        bound = ("seq > :end" if end else "true") if backwards else "seq <= :end"
        table, where = journal.table(connection, "init_journal"), " AND ".join((bound, *self.conditions))
        values = {**self.values, "end": end}
        found = pages(
            connection,
            table,
            ENTRY,
            begin,
            where=where,
            values=values,
            backwards=backwards,
            first=number or PAGE,
        )
        for page in found:
            yield from page


def part_of(connection: AnyConnection, journal: Journal, filters: Filters, after: int, upto: int) -> Part:
    """The rows that can pass a filter, which decides on each of them.

    Args:
        connection: In a transaction that may read, with the search_path pinned.
        journal: The journal.
        filters: The filter. With `failed` it looks at all entries itself.
        after: The number of the entry after which to begin.
        upto: The number of the last entry.
    """
    if not all(one.isascii() and one.isprintable() for one in (filters.run, *filters.types)):
        return Part(after, after, (), {})  # no entry has such a column, and no driver would send all of them
    if filters.failed:
        return Part(after, upto, (_SEEN,), {})
    collate = ' COLLATE "C"' if database_of(connection).name == "postgresql" else ""
    conditions, values = list[str](), dict[str, object]()
    for name, sign, at in (("since", ">=", filters.since), ("until", "<=", filters.until)):
        if at:
            conditions.append(f"at{collate} {sign} :{name}")
            values[name] = at
    if not filters.types and not filters.snapshots:
        conditions.append(_SEEN)
    found = Part(after, upto, tuple(conditions), values, filters.types)
    return _of_run(connection, journal, filters.run, found) if filters.run else found


def _of_run(connection: AnyConnection, journal: Journal, id: str, part: Part) -> Part:
    """The part of a journal in which the entries of a run are: they stand close together."""
    if len(id) >= WHOLE:
        condition, values = "run = :run", {"run": id}
    elif database_of(connection).name == "sqlite":
        condition, values = "run >= :run AND run < :beyond", {"run": id, "beyond": f"{id}\U0010ffff"}
    else:
        condition, values = f"left(run, {len(id)}) = :run", {"run": id}
    table = journal.table(connection, "init_journal")
    # Without the + a database may read the whole journal in the order of its numbers.
    bounds = f"SELECT min(seq + 0), max(seq + 0) FROM {table} WHERE {condition}"  # noqa: S608 - our own text
    ((first, last),) = run(connection, bounds, values)
    if first is None:
        return replace(part, upto=part.after)
    return replace(
        part,
        after=max(part.after, first - 1),
        upto=min(part.upto, last),
        conditions=(*part.conditions, condition),
        values={**part.values, **values},
    )
