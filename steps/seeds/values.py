"""Converts the values of a seed to the types of a table's columns.

Dates and times are in ISO 8601, bytes in base64 (RFC 4648), intervals in seconds. A time with an offset
becomes UTC. A time without one is taken as UTC, if the column keeps offsets.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, SupportsFloat, TypeAlias, cast

from sqlalchemy import (
    ARRAY,
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Enum,
    Float,
    Integer,
    Interval,
    LargeBinary,
    Numeric,
    String,
    Time,
    TypeDecorator,
    Uuid,
)
from sqlalchemy.types import TypeEngine

Convert: TypeAlias = Callable[[object], object]

_ConvertTo: TypeAlias = Callable[[object, Any], object]
"""Converts a value to one sort of type."""

_WHOLE = re.compile(r"[+-]?[0-9]{1,1000}")
_TRUTH = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0"), False),
}


class Unfit(ValueError):
    """A value that its column cannot hold. The text says what it should have been, never what it was."""


def converter(column: Column[object], *, text: bool) -> Convert:
    """Make the function that converts a value for a column. That function raises Unfit.

    Args:
        column: Its type decides.
        text: Whether the source has only texts (CSV). Then the text of a JSON column is parsed.
    """
    kind = plain_type(column)
    if isinstance(kind, JSON | ARRAY):
        return _parsed if text else _as_it_is
    for sort, convert in _CONVERTERS:
        if isinstance(kind, sort):
            # A decorator is the application's code: it may take other values than texts.
            return _bound(convert, kind, (str if kind is not column.type and not text else object))
    return _as_it_is


def plain_type(column: Column[object]) -> TypeEngine[object]:
    """The column's type without the decorators around it."""
    kind: TypeEngine[object] = column.type
    while isinstance(kind, TypeDecorator) and not isinstance(kind, Interval):
        kind = kind.impl_instance
    return kind


def sort_of(column: Column[object]) -> str:
    """The sort of a column's type: "integer", "string" and so on; "" if values stay as they are."""
    kind = plain_type(column)
    if isinstance(kind, JSON | ARRAY):
        return ""
    found = (convert for sort, convert in _CONVERTERS if isinstance(kind, sort))
    return next((convert.__name__.lstrip("_") for convert in found), "")


def _bound(convert: _ConvertTo, kind: TypeEngine[object], only: type) -> Convert:
    return lambda value: convert(value, kind) if value is not None and isinstance(value, only) else value


def _as_it_is(value: object) -> object:
    return value


def _parsed(value: object) -> object:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        raise Unfit("is not JSON") from None


def _stripped(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value.strip()


def _boolean(value: object, kind: Boolean) -> object:
    found = _TRUTH.get(str(value).strip().casefold())
    if found is None:
        raise Unfit("is not true or false")
    return found


def _integer(value: object, kind: Integer) -> object:
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    raise Unfit("is not a whole number")


def _decimal(value: object, kind: Numeric[Decimal]) -> object:
    try:
        # Decimal itself refuses everything that is no number.
        found = Decimal(repr(value) if isinstance(value, float) else cast(str, value))
    except (InvalidOperation, TypeError, ValueError):
        raise Unfit("is not a decimal number") from None
    return found if kind.asdecimal else float(found)


def _float(value: object, kind: Float[float]) -> object:
    try:
        found = float(cast(SupportsFloat, value))
    except (TypeError, ValueError, OverflowError):
        raise Unfit("is not a number") from None
    return Decimal(repr(found)) if kind.asdecimal else found


def _moment(value: object, kind: DateTime) -> object:
    try:
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time())
        found = value if isinstance(value, datetime) else datetime.fromisoformat(_stripped(value))
        moment = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Unfit("is not a date and time such as 2026-11-23T08:06:41") from None
    return moment if kind.timezone else moment.replace(tzinfo=None)


def _day(value: object, kind: Date) -> object:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(_stripped(value))
    except ValueError:
        raise Unfit("is not a date such as 2026-11-23") from None


def _time(value: object, kind: Time) -> object:
    if isinstance(value, time):
        return value
    try:
        return time.fromisoformat(_stripped(value))
    except ValueError:
        raise Unfit("is not a time such as 08:06:41") from None


def _interval(value: object, kind: Interval) -> object:
    if isinstance(value, timedelta):
        return value
    try:
        return timedelta(seconds=float(cast(SupportsFloat, value)))
    except (TypeError, ValueError, OverflowError):
        raise Unfit("is not a number of seconds") from None


def _uuid(value: object, kind: Uuid[uuid.UUID]) -> object:
    try:
        found = value if isinstance(value, uuid.UUID) else uuid.UUID(_stripped(value))
    except ValueError:
        raise Unfit("is not a UUID") from None
    return found if kind.as_uuid else str(found)


def _bytes(value: object, kind: LargeBinary) -> object:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    try:
        return base64.b64decode(cast(str, value), validate=True)
    except (TypeError, ValueError):
        raise Unfit("is not base64") from None


def _choice(value: object, kind: Enum) -> object:
    if isinstance(value, str) and value not in kind.enums:
        raise Unfit(f"is none of {', '.join(kind.enums)}")
    return value


def _string(value: object, kind: String) -> object:
    if isinstance(value, str):
        return value
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, int | float | Decimal | uuid.UUID) and not isinstance(value, bool):
        return str(value)
    raise Unfit("is not a text")


_CONVERTERS: tuple[tuple[type, _ConvertTo], ...] = (
    (Boolean, _boolean),
    (Enum, _choice),
    (Integer, _integer),
    (Float, _float),
    (Numeric, _decimal),
    (DateTime, _moment),
    (Date, _day),
    (Time, _time),
    (Interval, _interval),
    (Uuid, _uuid),
    (LargeBinary, _bytes),
    (String, _string),
)
