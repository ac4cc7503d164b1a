"""Whether all rows of a batch fit their table, found out column by column."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Table

from initdb.steps.seeds.reading import converters
from initdb.steps.seeds.row_values import Columns, Values
from initdb.steps.seeds.tables import columns_of
from initdb.steps.seeds.values import Convert, Unfit, sort_of

_FITTING: dict[str, set[type]] = {
    "string": {str},
    "integer": {int},
    "float": {float},
    "decimal": {float, int},
    "boolean": {bool},
}
"""By the sort of a column: the types of which it can hold every value."""


def fit(names: Sequence[str], values: Columns, table: Table) -> bool:
    """Whether columns can hold all the values of rows, as a document or a function has them.

    Args:
        names: Of columns of the table.
        values: The values of each.
        table: The table.
    """
    columns, convert = columns_of(table), converters(table, text=False)
    return all(
        _fit(found, sort_of(columns[name]), convert[name]) for name, found in zip(names, values, strict=True)
    )


def _fit(values: Values, sort: str, convert: Convert) -> bool:
    kinds = set(map(type, values)) - {type(None)}
    if not kinds - _FITTING.get(sort, set()):
        return True
    try:
        for value in set(values) if kinds == {str} else values:
            convert(value)
    except Unfit:
        return False
    return True
