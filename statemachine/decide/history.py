"""Joins the rows of an archive with those of the database, so that they are the whole history. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from initdb.events.pages import PAGE
from initdb.events.statements import Row
from initdb.events.verify import Finding, Stored


def joined(
    archived: Iterable[Stored], pages: Iterable[Sequence[Row]], others: list[Finding]
) -> Iterator[Sequence[Row]]:
    """The rows in an archive, and after them those of the database that follow the last one of these.

    Args:
        archived: The rows in the archive, in their order.
        pages: Those of the database, in their order.
        others: Gets the rows that are other ones in the archive.

    Yields:
        Some rows at once.
    """
    first = next(kept := iter(archived), None)
    if first is None:
        yield from pages
        return
    rows = _joined(chain((first,), kept), chain.from_iterable(pages), others)
    while page := list(islice(rows, PAGE)):
        yield page


def _joined(archived: Iterable[Stored], rows: Iterator[Row], others: list[Finding]) -> Iterator[Row]:
    row, last = next(rows, None), 0
    for kept in archived:
        while row is not None and row[0] < kept.seq:
            row = next(rows, None)
        if row is not None and row[0] == kept.seq and tuple(row) != kept:
            others.append(Finding(kept.seq, "is another one in the archive"))
        last = kept.seq
        yield kept
    while row is not None:
        if row[0] > last:
            yield row
        row = next(rows, None)
