"""What an empty cell of a CSV file means for its column."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import JSON, Column, String

from initdb.steps.seeds.tables import is_optional
from initdb.steps.seeds.values import Unfit, plain_type

LEFT_OUT = object()
"""The row does not have the column."""


def of_nothing(column: Column[object]) -> Callable[[], object]:
    """What gives the value of an empty cell; it gives LEFT_OUT, or raises Unfit.

    Args:
        column: Its column.
    """
    kind = plain_type(column)
    if column.nullable:
        # A JSON column would store None as JSON's null.
        return lambda: LEFT_OUT if isinstance(kind, JSON) else None
    if type(kind).__visit_name__ != "enum" and isinstance(kind, String):
        return lambda: ""
    if is_optional(column):
        return lambda: LEFT_OUT
    return _missing


def _missing() -> object:
    raise Unfit("is missing")
